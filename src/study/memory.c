/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/memory.h"

#include "criterion/criterion.h"
#include "criterion/exact.h"
#include "problem/problem.h"

int64_t memory_per_rank(const memory_request_t *request)
{
    const int hyperparameters = 1;
    int columns = request->p + 1;
    int64_t rows = (request->n + request->ranks - 1) / request->ranks;
    int64_t numbers =
        rows * (columns + 1 + request->weights + request->offset) + 2 * (int64_t)request->p;
    if (request->whitened)
        numbers += rows * columns;
    return numbers * (int64_t)sizeof(double) + problem_memory(rows, columns, hyperparameters) +
           criterion_find("alo")->memory(rows, columns, hyperparameters) + exact_memory(columns);
}
