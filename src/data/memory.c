/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "data/layout.h"
#include "data/stream.h"

enum { SCRATCH = 1 << 24, TITLE = 512 };
static const double SHARE = 0.8;  /* of the free memory, that an X in memory may take */
static const double CACHED = 0.5; /* of the node's, that files may take that its cache will keep */

/* Of the fullest rank. */
static int64_t most_rows(const comm_t *comm, const data_layout_t *l)
{
    int64_t first, rows;
    data_partition(l->n, 0, comm_size(comm), &first, &rows);
    return rows;
}

static int columns_of(const data_request_t *request, const data_layout_t *l)
{
    return l->p + (request->options.intercept ? 1 : 0);
}

/* Entries are thought to be spread evenly over the rows. */
static double resident_bytes(const comm_t *comm, const data_request_t *request,
                             const data_layout_t *l)
{
    const double each = sizeof(double) + sizeof(int), rows = (double)most_rows(comm, l);
    return l->held_sparse ? each * (double)l->entries * (rows / (double)l->n)
                          : 8.0 * rows * columns_of(request, l);
}

/* Is a dense X too large in its files for the page cache of a node, which is free memory of any
   kind that no process takes? */
static bool is_uncached(const comm_t *comm, const data_layout_t *l)
{
    const double each = (l->single ? 4.0 : 8.0) * (double)most_rows(comm, l) * l->p;
    const double there = (double)mem_available();
    return there > 0.0 && each * comm_local_ranks(comm) > CACHED * there;
}

static double streamed_bytes(const comm_t *comm, const data_request_t *request,
                             const data_layout_t *l)
{
    int64_t most = 0;
    for (int f = 0; f < request->files->count; f++) {
        const files_part_t *part = &request->files->parts[f];
        const rows_stream_shape_t shape = {l->p, columns_of(request, l), l->single, part->band,
                                           part->narrow};
        const int64_t bytes = rows_stream_memory(&shape, most_rows(comm, l));
        most = bytes > most ? bytes : most;
    }
    return (double)most;
}

/* All but X. */
static double vector_bytes(const comm_t *comm, const data_layout_t *l)
{
    double vectors = l->y + l->weights + l->offsets + 0.5 * l->fold + l->sparse + l->held_sparse;
    return 8.0 * (double)most_rows(comm, l) * vectors + 64.0 * l->p + (double)l->chunk_bytes +
           SCRATCH;
}

static int check_memory(const comm_t *comm, const data_request_t *request, const data_layout_t *l)
{
    int code = TRALO_OK;
    const double GIB = 1024.0 * 1024.0 * 1024.0;
    char title[TITLE];
    const int sharing = comm_local_ranks(comm);
    const bool dense = l->sparse && !l->held_sparse;
    const double X = l->streamed ? streamed_bytes(comm, request, l) : l->X_bytes;
    const double each = X + vector_bytes(comm, l), there = l->free_bytes;
    if (there == 0.0 || each <= there)
        return TRALO_OK;
    files_title(request->files, title, sizeof title);
    FAIL(TRALO_ERR_MEMORY,
         "%s: /X [%" PRId64 ", %d]%s needs %.4g GiB on each of %d ranks of a node, which has %.4g "
         "GiB left for all of them: use more nodes%s",
         title, l->n, l->p, dense ? " is stored sparse but held dense, which" : "", each / GIB,
         sharing, there * sharing / GIB,
         dense            ? ", or data.storage = sparse"
         : l->held_sparse ? ""
         : l->streamed    ? " (X itself stays on disk)"
                          : ", or data.memory = stream");
out:
    return code;
}

int data_choose_memory(comm_t *comm, const data_request_t *request, data_layout_t *l)
{
    int code = TRALO_OK;
    l->X_bytes = resident_bytes(comm, request, l);
    l->free_bytes = (double)mem_available_each(comm_local_ranks(comm));
    const double needed = l->X_bytes + vector_bytes(comm, l);
    const bool tight = l->free_bytes > 0.0 && needed > SHARE * l->free_bytes;
    const bool any = comm_max_one_int(comm, tight) != 0;
    if (request->options.memory == DATA_STREAM && l->sparse)
        FAIL(TRALO_ERR_INPUT,
             "%s: /X is sparse, which is held in memory: data.memory = stream "
             "wants a dense one",
             request->files->paths[0]);
    l->streamed = request->options.memory == DATA_STREAM ||
                  (request->options.memory == DATA_MEMORY_AUTO && any);
    l->streamed = l->streamed && !l->sparse;
    l->uncached = is_uncached(comm, l);
    TRY(comm_agree(comm, check_memory(comm, request, l)));
out:
    return code;
}
