/* SPDX-License-Identifier: BSD-3-Clause */
/* What `tralo info` and the checks of memory promise, against the bytes that are counted. */
#include "study/memory.h"

#include <string.h>

#include "base/mem.h"
#include "criterion/exact.h"
#include "data/stream.h"
#include "data_room/h5_files.h"
#include "fixture.h"
#include "support.h"

static const double theta_here = 0.0;

static void check(const char *loss, int64_t n, int p, bool whitened, bool sparse)
{
    fixture_setup_t setup = {.n = n,
                             .p = p,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = "alo",
                             .weights = true,
                             .intercept = true,
                             .groups = 1,
                             .option = sparse ? "algebra" : "whitened",
                             .value = sparse     ? "replicated"
                                      : whitened ? "keep"
                                                 : "recompute",
                             .density = sparse ? 0.05 : 0.0,
                             .storage = sparse ? DATA_HOLD_SPARSE : DATA_AUTO};
    memory_request_t request = {
        .n = n, .ranks = comm_size(test_comm), .p = p, .weights = true, .whitened = whitened};
    request.algebra = "replicated";
    request.outputs = strcmp(loss, "softmax") == 0 ? 3 : 1;
    fixture_t f;
    exact_t *exact = NULL;
    criterion_result_t r;
    int64_t before = mem_bytes();
    if (fixture_create(test_comm, &setup, &f) && CHECK_OK(exact_create(f.criterion, &exact))) {
        criterion_evaluate(f.criterion, &theta_here, 2, &r);
        request.entries = sparse ? comm_sum_one_int(test_comm, rows_entries(&f.data->X)) : 0;
        int64_t whole = n * (p + 2 + f.offsets) * (int64_t)sizeof(double); /* of the fixture */
        double used = comm_max_one(test_comm, (double)(mem_bytes() - before - whole));
        CHECK_CLOSE((double)memory_per_rank(&request) / used, 1.0, 0.01);
    }
    exact_free(&exact);
    fixture_free(&f);
}

static void memory_is_as_promised(void)
{
    check("logistic", 2000, 20, true, false);
    check("logistic", 2000, 20, false, false);
    check("logistic", 500, 90, true, false);
    check("logistic", 5, 3, false, false);
    check("softmax", 2000, 10, false, false);
    check("softmax", 90, 30, false, false);
    check("logistic", 2000, 40, false, true);
    check("softmax", 2000, 20, false, true);
}

/* With X on disk, and so the vectors of rows are all that grows with n. */
static void check_streamed(int64_t n, int p, bool weights)
{
    const file_spec_t spec = {
        (int)n, p, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 100, .vectors = weights};
    const data_options_t options = {.standardize = true, .intercept = true, .memory = DATA_STREAM};
    fixture_setup_t setup = {
        .loss = "pseudo_huber", .penalty = "ridge", .criterion = "alo", .groups = 1};
    const memory_request_t request = {.n = n,
                                      .ranks = comm_size(test_comm),
                                      .p = p,
                                      .outputs = 1,
                                      .algebra = "replicated",
                                      .weights = weights,
                                      .offsets = weights,
                                      .streamed = true,
                                      .single = true,
                                      .band = 100};
    char path[300];
    fixture_t f = {0};
    data_t *data = NULL;
    exact_t *exact = NULL;
    criterion_result_t r;
    test_path("memory.h5", path, sizeof path);
    file_write(path, &spec);
    const int64_t before = mem_bytes();
    mem_peak_reset();
    if (CHECK_OK(data_open(test_comm, path, &options, &data)) && fixture_wrap(data, &setup, &f) &&
        CHECK_OK(exact_create(f.criterion, &exact))) {
        criterion_evaluate(f.criterion, &theta_here, 2, &r);
        const int64_t fold = data->fold != NULL ? data->rows * (int64_t)sizeof *data->fold : 0;
        const double peak = comm_max_one(test_comm, (double)(mem_peak() - before - fold));
        CU_ASSERT(r.valid);
        CHECK_CLOSE((double)memory_per_rank(&request) / peak, 1.0, 0.01);
    }
    exact_free(&exact);
    fixture_free(&f);
    comm_barrier(test_comm);
}

static void memory_with_X_on_disk(void)
{
    rows_stream_limit_blocks(1000);
    check_streamed(20000, 20, false);
    check_streamed(60000, 20, true);
    check_streamed(500, 90, false);
    rows_stream_limit_blocks(0);
}

void suite_memory(void)
{
    static const test_case_t cases[] = {{"memory is as promised", memory_is_as_promised},
                                        {"memory with X on disk", memory_with_X_on_disk}};
    REGISTER("memory", cases);
}
