/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of losses with several outputs: derivatives, and the shift that changes nothing.
 */
#include <math.h>
#include <string.h>

#include "loss/joint.h"
#include "loss/loss.h"
#include "support.h"

enum { K = 4, BLOCKS = K * (K + 1) / 2, POINTS = 4 };

static const double points[POINTS][K] = {
    {0.0, 0.0, 0.0, 0.0}, {0.3, -1.2, 0.8, 2.0}, {5.0, -3.0, 4.5, 0.1}, {-0.4, 30.0, 29.0, -20.0}};
static const double along[K] = {0.7, -0.2, 0.4, -1.1};

/* All numbers of a loss at u: value, l' [K], A, A_dot along `along`, and the third derivative with
   the weights Q. */
typedef struct numbers {
    double value, gradient[K], A[BLOCKS], A_dot[BLOCKS], third[K];
} numbers_t;

static void find_Q(double *Q)
{
    for (int m = 0; m < BLOCKS; m++)
        Q[m] = sin(1.0 + m);
}

static void ask(const loss_joint_t *joint, int y, const double *u, numbers_t *out)
{
    double Q[BLOCKS];
    find_Q(Q);
    out->value = joint->value(K, y, u, out->gradient);
    joint->curvature(K, u, out->A);
    joint->curvature_along(K, u, along, out->A_dot);
    joint->third(K, u, Q, out->third);
}

/* Central differences of order 6 of all numbers along x. */
static void differences(const loss_joint_t *joint, int y, const double *u, const double *x,
                        numbers_t *out)
{
    static const double weight[3] = {45.0, -9.0, 1.0};
    const double step = 0.02;
    enum { COUNT = sizeof(numbers_t) / sizeof(double) };
    memset(out, 0, sizeof *out);
    for (int m = -3; m <= 3; m++) {
        numbers_t there;
        double moved[K];
        if (m == 0)
            continue;
        for (int k = 0; k < K; k++)
            moved[k] = u[k] + m * step * x[k];
        ask(joint, y, moved, &there);
        double factor = (m > 0 ? weight[m - 1] : -weight[-m - 1]) / (60.0 * step);
        for (int i = 0; i < COUNT; i++)
            ((double *)out)[i] += factor * ((const double *)&there)[i];
    }
}

static void check_differences(const loss_joint_t *joint, int y, const double *u)
{
    numbers_t here, near;
    double Q[BLOCKS], fourth[K];
    ask(joint, y, u, &here);
    find_Q(Q);
    for (int c = 0; c < K; c++) {
        double unit[K] = {0.0}, third = 0.0;
        unit[c] = 1.0;
        differences(joint, y, u, unit, &near);
        CHECK_CLOSE(near.value, here.gradient[c], 1e-9);
        for (int b = 0; b < K; b++) {
            CHECK_CLOSE(near.gradient[b], here.A[joint_at(b, c)], 1e-9);
            for (int a = 0; a < K; a++)
                third += Q[joint_at(a, b)] * near.A[joint_at(a, b)];
        }
        CHECK_CLOSE(third, here.third[c], 1e-9);
    }
    differences(joint, y, u, along, &near);
    joint->fourth(K, u, Q, along, fourth);
    for (int m = 0; m < BLOCKS; m++)
        CHECK_CLOSE(near.A[m], here.A_dot[m], 1e-9);
    for (int c = 0; c < K; c++)
        CHECK_CLOSE(near.third[c], fourth[c], 1e-9);
}

static void for_all(void (*check)(const loss_joint_t *, int, const double *))
{
    int found = 0;
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int y = 0; loss_kinds[k]->joint != NULL && y < K; y++)
            for (int i = 0; i < POINTS; i++, found++)
                check(loss_kinds[k]->joint, y, points[i]);
    CU_ASSERT(found > 0);
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_differences);
}

/* A common shift of u changes nothing, and A is 0 along it, to the last digits. */
static void check_shift(const loss_joint_t *joint, int y, const double *u)
{
    double moved[K], mean[K], sum = 0.0;
    numbers_t here, there;
    for (int k = 0; k < K; k++)
        moved[k] = u[k] + 8.0;
    ask(joint, y, u, &here);
    ask(joint, y, moved, &there);
    joint->mean(K, u, mean);
    CHECK_CLOSE(there.value, here.value, 1e-13);
    for (int a = 0; a < K; a++) {
        double row = 0.0, size = 0.0;
        CHECK_CLOSE(there.gradient[a], here.gradient[a], 1e-13);
        sum += mean[a];
        for (int b = 0; b < K; b++) {
            row += here.A[joint_at(a, b)];
            size = fmax(size, fabs(here.A[joint_at(a, b)]));
        }
        CU_ASSERT(fabs(row) <= 4e-16 * size);
        CHECK_CLOSE(here.gradient[a], mean[a] - (a == y), 1e-15);
    }
    CHECK_CLOSE(sum, 1.0, 1e-15);
}

static void a_common_shift_changes_nothing(void)
{
    for_all(check_shift);
}

/* With two classes and m = u_1 - u_0, softmax is the logistic loss of m. */
static void two_classes_are_logistic(void)
{
    static const double spreads[] = {0.0, 0.7, -3.0, 40.0, -300.0, 700.0};
    const loss_joint_t *joint = loss_find("softmax")->joint;
    const loss_t *logistic = loss_find("logistic");
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++)
        for (int y = 0; y < 2; y++) {
            double u[2] = {0.4, 0.4 + spreads[i]}, m = u[1] - u[0], label = y == 1 ? 1.0 : -1.0;
            double d[LOSS_ORDERS], *at[LOSS_ORDERS], gradient[2], A[3], third[2];
            const double Q[3] = {0.0, 0.0, 1.0};
            for (int k = 0; k < LOSS_ORDERS; k++)
                at[k] = d + k;
            logistic->derivatives(logistic, 1, &label, &m, LOSS_ORDERS - 1, at);
            CHECK_CLOSE(joint->value(2, y, u, gradient) / d[0], 1.0, 1e-13);
            CHECK_CLOSE(gradient[1] / d[1], 1.0, 1e-13);
            CHECK_CLOSE(gradient[0] / d[1], -1.0, 1e-13);
            joint->curvature(2, u, A);
            CHECK_CLOSE(A[2] / d[2], 1.0, 1e-13);
            CHECK_CLOSE(A[1] / d[2], -1.0, 1e-13);
            joint->third(2, u, Q, third);
            CHECK_CLOSE((third[1] - d[3]) / d[2], 0.0, 1e-13);
        }
}

static void classes_are_numbers_from_0(void)
{
    const loss_t *loss = loss_find("softmax");
    CU_ASSERT(loss->valid(0.0) && loss->valid(7.0) && loss->valid(-1.0));
    CU_ASSERT(!loss->valid(0.5) && !loss->valid(-2.0) && !loss->valid(JOINT_MOST));
    CU_ASSERT(loss_class(-1.0) == 0 && loss_class(0.0) == 0 && loss_class(3.0) == 3);
}

void suite_joint(void)
{
    static const test_case_t cases[] = {
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"a common shift changes nothing", a_common_shift_changes_nothing},
        {"two classes are logistic", two_classes_are_logistic},
        {"classes are numbers from 0", classes_are_numbers_from_0},
    };
    REGISTER("joint", cases);
}
