/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/memory.h"

#include "data/stream.h"

/* A sparse X has a value and a column for each entry, which are spread evenly. */
int64_t memory_data(const problem_shape_t *shape, const memory_vectors_t *vectors)
{
    const int64_t number = sizeof(double), p = shape->width - shape->intercept;
    const int64_t sparse = shape->entries * (number + (int64_t)sizeof(int)) +
                           (shape->rows + 1) * (int64_t)sizeof(int64_t) + shape->width * number;
    const rows_stream_shape_t on_disk = {(int)p, shape->width, shape->single, shape->band,
                                         shape->narrow};
    const int64_t X = shape->sparse     ? sparse
                      : shape->streamed ? rows_stream_memory(&on_disk, shape->rows)
                                        : shape->rows * shape->width * number;
    return X + (shape->rows * (1 + vectors->weights + vectors->offsets) + 2 * p) * number;
}

static problem_shape_t shape_of(const memory_request_t *request)
{
    problem_shape_t shape = {.n = request->n,
                             .ranks = request->ranks,
                             .rows = (request->n + request->ranks - 1) / request->ranks,
                             .sparse = request->entries > 0,
                             .streamed = request->streamed,
                             .single = request->single,
                             .band = request->band,
                             .narrow = request->narrow,
                             .width = request->p + 1,
                             .outputs = request->outputs,
                             .count = 1,
                             .quadratic = request->quadratic,
                             .ridge = true,
                             .intercept = true};
    shape.entries = shape.sparse ? (request->entries + request->ranks - 1) / request->ranks
                                 : shape.rows * shape.width;
    return shape;
}

algebra_t memory_algebra(const memory_request_t *request)
{
    const algebra_facts_t facts = {
        .kind = criterion_find("alo"), .shape = shape_of(request), .one_ridge = request->quadratic};
    const char *asked = request->algebra != NULL ? request->algebra : algebra_names[0];
    algebra_t algebra;
    const int code = algebra_choose(&facts, asked, &algebra);
    ASSERT(code == TRALO_OK);
    return algebra;
}

int64_t memory_per_rank(const memory_request_t *request)
{
    const problem_shape_t shape = shape_of(request);
    const algebra_t algebra = memory_algebra(request);
    const memory_vectors_t vectors = {request->offsets, request->weights};
    const int64_t more = request->whitened && algebra.row->more != NULL
                             ? algebra.row->more(algebra.form, &shape)
                             : 0;
    return memory_data(&shape, &vectors) + problem_memory(&shape) + problem_gram_memory(&shape) +
           algebra.memory + more;
}
