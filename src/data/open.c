/* SPDX-License-Identifier: BSD-3-Clause */
/* How a data set is read:
       rank 0             finds the files that are named, shared     (agree)
       each rank          can it open the first?                     (agree)
       rank 0             survey, shared                             (agree)
       all together       does X stay on disk?
       each rank          does its part fit into memory?             (agree)
       each rank          allocate                                   (agree)
       rank 0             names, groups, labels, shared              (agree)
       each rank          its rows, checked                          (agree after each dataset)
                          or it opens X for its passes               (agree)
       all together       sum of weights, standardisation, intercept
   Ranks never wait for each other inside HDF5, so that a damaged file cannot make them hang. */
#include "base/mem.h"
#include "data/build.h"
#include "data/h5.h"
#include "data/layout.h"
#include "data/stream.h"

#include <stdio.h>

/* A file that rank 0 sees may be missing on another node. */
static int check_visible(const comm_t *comm, const char *path)
{
    int code = TRALO_OK;
    char reason[ERROR_TEXT];
    int found = h5_readable(path);
    if (found == TRALO_OK || comm_rank(comm) == 0)
        return found;
    snprintf(reason, sizeof reason, "%s", tralo_error_message());
    FAIL(found, "rank %d %s, but rank 0 can: is the file system shared by all nodes?",
         comm_rank(comm), reason);
out:
    return code;
}

static int survey(comm_t *comm, const data_request_t *request, data_layout_t *layout)
{
    int code = TRALO_OK;
    files_t *files = request->files;
    TRY(comm_agree(comm, check_visible(comm, files->paths[0])));
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? data_survey(request, layout) : TRALO_OK));
    comm_share(comm, layout, sizeof *layout, 0);
    TRY(comm_agree(comm, data_hold(request, layout)));
    comm_share(comm, files->parts, files->count * (int64_t)sizeof *files->parts, 0);
    TRY(data_choose_memory(comm, request, layout));
out:
    return code;
}

static int find_files(comm_t *comm, const files_names_t *names, files_t **out)
{
    int code = TRALO_OK;
    files_t *files = NULL;
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? files_find(names, &files) : TRALO_OK));
    TRY(files_share(comm, &files));
    *out = files;
    files = NULL;
out:
    files_free(&files);
    return code;
}

/* The stream takes over the files. */
static int open_stream(data_request_t *request, const data_layout_t *l, data_t *d)
{
    int code = TRALO_OK;
    const rows_stream_plan_t plan = {request->files, d->names, d->p,    d->columns,
                                     l->single,      d->first, d->rows, l->uncached};
    TRY(rows_stream_open(&plan, &d->X.stream));
    request->files = NULL;
    d->X_bytes = l->X_bytes;
    d->free_bytes = l->free_bytes;
out:
    return code;
}

static int open_request(comm_t *comm, const files_names_t *names, data_request_t request,
                        data_t **out)
{
    int code = TRALO_OK;
    char title[ERROR_TEXT / 4], where[ERROR_TEXT / 2];
    data_layout_t l;
    data_t *d = NULL;
    TRY(find_files(comm, names, &request.files));
    files_title(request.files, title, sizeof title);
    snprintf(where, sizeof where, "%s: /", title);
    TRY(survey(comm, &request, &l));
    data_shape_t shape = {.n = l.n,
                          .p = l.p,
                          .sparse = l.held_sparse,
                          .streamed = l.streamed,
                          .intercept = request.options.intercept,
                          .y = l.y,
                          .weights = l.weights,
                          .offsets = l.offsets,
                          .fold = l.fold,
                          .group = l.group};
    TRY(comm_agree(comm, data_create(comm, &shape, &d)));
    TRY(comm_agree(comm, mem_string(title, &d->title)));
    TRY(data_read_descriptions(&request, &l, d));
    TRY(data_read_rows(&request, &l, d));
    if (l.streamed)
        TRY(comm_agree(comm, open_stream(&request, &l, d)));
    TRY(data_finish(d, where, request.options.standardize, request.scaling));
    *out = d;
    d = NULL;
out:
    data_free(&d);
    files_free(&request.files);
    return code;
}

int data_open_files(comm_t *comm, const files_names_t *names, const data_options_t *options,
                    data_t **out)
{
    const data_request_t request = {NULL, *options, NULL};
    return open_request(comm, names, request, out);
}

int data_open(comm_t *comm, const char *file, const data_options_t *options, data_t **out)
{
    const files_names_t names = {1, &file};
    return data_open_files(comm, &names, options, out);
}

int data_open_scaled(comm_t *comm, const files_names_t *names, bool intercept,
                     const data_scaling_t *scaling, data_t **out)
{
    const data_request_t request = {NULL, {.intercept = intercept}, scaling};
    return open_request(comm, names, request, out);
}
