/* SPDX-License-Identifier: BSD-3-Clause */
/* A training program as a plug-in: a linear model by gradient descent, its rows spread over the
   ranks of the group. mpicc -shared -fPIC -O2 -I include configs/plugin.c -o configs/plugin.so */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tralo/plugin.h>

enum { ROWS = 600, COLUMNS = 10, STEPS = 50 };

static double noise(int i) /* from -1 to 1 */
{
    uint64_t bits = (uint64_t)(i + 1) * 0x9E3779B97F4A7C15u;
    bits = (bits ^ bits >> 31) * 0xBF58476D1CE4E5B9u;
    return (double)((bits ^ bits >> 29) >> 11) * 0x1p-52 - 1.0;
}

/* The sum of (x'w - y)^2 over the rows that are, or are not, held out, and half its gradient. */
static double pass(MPI_Comm comm, int held_out, const double *w, double *gradient)
{
    int rank, size;
    double x[COLUMNS], sums[COLUMNS + 1] = {0};
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    for (int i = rank; i < ROWS; i += size) {
        double error = 2.0 * noise(1000000 + i); /* y = x1 + x2 + x3 - 2 noise */
        for (int j = 0; j < COLUMNS; j++)
            error += (x[j] = noise(i * COLUMNS + j)) * (w[j] - (j < 3));
        for (int j = 0; j < COLUMNS && (i % 3 == 0) == held_out; j++)
            sums[j] += error * x[j];
        sums[COLUMNS] += (i % 3 == 0) == held_out ? error * error : 0.0;
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, COLUMNS + 1, MPI_DOUBLE, MPI_SUM, comm);
    for (int j = 0; j < COLUMNS; j++)
        gradient[j] = sums[j];
    return sums[COLUMNS];
}

static int keep_comm(const tralo_plugin_setup_t *setup, void **state)
{
    MPI_Comm *comm = *state = malloc(sizeof *comm);
    return comm == NULL ? 1 : (*comm = setup->comm, 0);
}

static int evaluate(void *state, const tralo_plugin_trial_t *trial, double *value)
{
    const double rate = trial->values[0], decay = trial->values[1]; /* as in the config */
    double w[COLUMNS] = {0}, gradient[COLUMNS];
    for (int step = 0; step < STEPS; step++) {
        pass(*(MPI_Comm *)state, 0, w, gradient);
        for (int j = 0; j < COLUMNS; j++)
            w[j] -= rate * (gradient[j] + decay * w[j]) / ROWS;
    }
    *value = pass(*(MPI_Comm *)state, 1, w, gradient) / (ROWS / 3.0);
    if (!isfinite(*value))
        snprintf(trial->message, trial->message_size, "the rate %g is too large", rate);
    return !isfinite(*value);
}

const tralo_plugin_t tralo_plugin = {TRALO_PLUGIN_ABI, keep_comm, evaluate, free};
