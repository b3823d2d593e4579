/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops by several threads: that they are, and that the answer is the same to the last bit. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/share.h"
#include "fixture.h"
#include "support.h"

enum { COUNT = 1000, EACH = 20, LINES = 32 /* numbers of 4 bytes: 20, to whole lines */ };

typedef struct meeting {
    int wanted;  /* ranges that are to be worked on at the same time */
    int arrived; /* ranges so far */
    int missed;  /* gave up waiting */
    int times[COUNT];
    int64_t own[COUNT]; /* share_own(EACH) in the range that begins here */
} meeting_t;

static void meet(void *argument, int64_t begin, int64_t end)
{
    meeting_t *m = argument;
    const struct timespec pause = {0, 1000000};
    int waits = 0;
    __atomic_add_fetch(&m->arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->arrived, __ATOMIC_SEQ_CST) < m->wanted && waits++ < 5000)
        nanosleep(&pause, NULL);
    if (waits > 5000)
        __atomic_add_fetch(&m->missed, 1, __ATOMIC_SEQ_CST);
    m->own[begin] = share_own(EACH);
    for (int64_t i = begin; i < end; i++)
        m->times[i]++;
}

static bool each_once(const meeting_t *m, int count)
{
    for (int i = 0; i < COUNT; i++)
        if (m->times[i] != (i < count))
            return false;
    return true;
}

static void threads_work_at_once(void)
{
    static const int counts[] = {0, 1, 2, 7, 9, COUNT};
    for (int i = 0; i < 6; i++) {
        meeting_t m = {.wanted = counts[i] < 2 ? 1 : 2};
        share_setup(2, 10.0);
        share(counts[i], 10.0, meet, &m);
        CU_ASSERT(m.missed == 0 && each_once(&m, counts[i]));
    }
    share_setup(1, SHARE_LEAST);
}

static void small_loops_are_not_shared(void)
{
    meeting_t cheap = {.wanted = 1}, alone = {.wanted = 1};
    share_setup(2, 10.0);
    share(COUNT, 9.9, meet, &cheap);
    CU_ASSERT(cheap.arrived == 1 && each_once(&cheap, COUNT));
    share_setup(1, 10.0);
    share(COUNT, 1e9, meet, &alone);
    CU_ASSERT(alone.arrived == 1 && each_once(&alone, COUNT));
    share_setup(1, SHARE_LEAST);
}

static void scratch_for_each_thread(void)
{
    meeting_t m = {.wanted = 2};
    CU_ASSERT(share_scratch(EACH) == LINES && share_own(EACH) == 0);
    share_setup(2, 0.0);
    CU_ASSERT(share_scratch(EACH) == 2 * LINES);
    share(2, 0.0, meet, &m);
    CU_ASSERT(m.missed == 0 && m.own[0] + m.own[1] == LINES && m.own[0] * m.own[1] == 0);
    share_setup(1, SHARE_LEAST);
}

/* One evaluation with so many threads. */
static bool evaluate(const fixture_setup_t *setup, int threads, fixture_numbers_t *out)
{
    static const double theta[FIXTURE_MOST] = {0.3, -0.5, 1.0, 0.9};
    fixture_t f;
    memset(out, 0, sizeof *out);
    share_setup(threads, 0.0);
    const bool good = fixture_create(test_comm, setup, &f) && fixture_evaluate(&f, theta, 2, out);
    fixture_free(&f);
    share_setup(1, SHARE_LEAST);
    return good;
}

/* The same with rows that stay on disk. */
static bool evaluate_streamed(const fixture_setup_t *setup, int threads, fixture_numbers_t *out)
{
    static const double theta[FIXTURE_MOST] = {0.3, -0.5, 1.0, 0.9};
    const data_options_t options = {
        .standardize = DATA_STANDARDIZE, .intercept = true, .memory = DATA_STREAM};
    fixture_t f;
    memset(out, 0, sizeof *out);
    share_setup(threads, 0.0);
    data_t *data = fixture_import("breast_cancer", "diagnosis", "malignant,benign", &options);
    const bool made = data != NULL && fixture_wrap(data, setup, &f);
    const bool good = made && fixture_evaluate(&f, theta, 2, out);
    if (made)
        fixture_free(&f);
    share_setup(1, SHARE_LEAST);
    return good;
}

static void the_same_bits(void)
{
    static const struct {
        const char *loss, *criterion, *algebra, *judge;
        data_storage_t storage;
        bool streamed;
    } cases[] = {{"logistic", "alo", "replicated", "training", DATA_HOLD_DENSE, false},
                 {"logistic", "alo", "replicated", "response", DATA_AUTO, true},
                 {"logistic", "alo", "distributed", "response", DATA_HOLD_SPARSE, false},
                 {"logistic", "kfold", "replicated", "training", DATA_HOLD_DENSE, false},
                 {"logistic", "kfold", "replicated", "training", DATA_HOLD_SPARSE, false},
                 {"logistic", "kfold", "products", "training", DATA_HOLD_SPARSE, false},
                 {"softmax", "alo", "replicated", "training", DATA_HOLD_DENSE, false},
                 {"softmax", "alo", "wide", "response", DATA_HOLD_DENSE, false},
                 {"softmax", "kfold", "products", "response", DATA_HOLD_SPARSE, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fixture_setup_t setup = {.n = 157,
                                       .p = 12,
                                       .loss = cases[i].loss,
                                       .penalty = "ridge",
                                       .criterion = cases[i].criterion,
                                       .weights = true,
                                       .intercept = true,
                                       .density = 0.3,
                                       .storage = cases[i].storage,
                                       .groups = 2,
                                       .option = "loss",
                                       .value = cases[i].judge,
                                       .algebra = cases[i].algebra};
        bool (*const way)(const fixture_setup_t *, int, fixture_numbers_t *) =
            cases[i].streamed ? evaluate_streamed : evaluate;
        fixture_numbers_t one, three;
        const bool good = way(&setup, 1, &one) && way(&setup, 3, &three);
        CU_ASSERT(good && memcmp(&one, &three, sizeof one) == 0);
    }
}

void suite_share(void)
{
    static const test_case_t cases[] = {
        {"threads work at once", threads_work_at_once},
        {"small loops are not shared", small_loops_are_not_shared},
        {"scratch for each thread", scratch_for_each_thread},
        {"the same bits for any number of threads", the_same_bits},
    };
    REGISTER("share", cases);
}
