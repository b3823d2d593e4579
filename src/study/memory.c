/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/memory.h"

#include "criterion/criterion.h"
#include "criterion/exact.h"
#include "data/stream.h"
#include "problem/problem.h"

/* X, if its entries are spread evenly. */
static int64_t bytes_of_rows(const problem_shape_t *shape)
{
    const int64_t entry = sizeof(double) + sizeof(int), number = sizeof(double);
    if (!shape->sparse)
        return shape->rows * shape->width * number;
    return shape->entries * entry + (shape->rows + 1 + shape->width) * number;
}

int64_t memory_per_rank(const memory_request_t *request)
{
    problem_shape_t shape = {.n = request->n,
                             .ranks = request->ranks,
                             .rows = (request->n + request->ranks - 1) / request->ranks,
                             .sparse = request->entries > 0,
                             .streamed = request->streamed,
                             .width = request->p + 1,
                             .outputs = request->outputs,
                             .count = 1};
    shape.entries = shape.sparse ? (request->entries + request->ranks - 1) / request->ranks
                                 : shape.rows * shape.width;
    const criterion_kind_t *alo = criterion_for(criterion_find("alo"), request->outputs);
    int64_t vectors = 1 + request->weights + request->offsets;
    int64_t numbers = shape.rows * vectors + 2 * (int64_t)request->p;
    if (request->whitened && request->outputs == 1)
        numbers += shape.rows * shape.width;
    const rows_stream_shape_t on_disk = {request->p, shape.width, request->single, request->band,
                                         request->narrow};
    const int64_t X =
        request->streamed ? rows_stream_memory(&on_disk, shape.rows) : bytes_of_rows(&shape);
    return X + numbers * (int64_t)sizeof(double) + problem_memory(&shape) +
           problem_gram_memory(&shape) + alo->memory(&hessian_replicated, &shape) +
           exact_memory(&hessian_replicated, &shape);
}
