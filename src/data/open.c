/* SPDX-License-Identifier: BSD-3-Clause */
/* How a data set is read:
       each rank          can it open the file?                      (agree)
       rank 0             survey with the serial driver, shared      (agree)
       each rank          does its part fit into memory?             (agree)
       each rank          allocate                                   (agree)
       rank 0             names, groups, labels, shared              (agree)
       all together       open file and datasets with MPI-IO         (agree)
       each rank          its rows, by independent reads, checked    (agree after each dataset)
       all together       sum of weights, standardisation, intercept
   A damaged file is thus found before ranks wait for each other inside HDF5, or while they read
   independently of each other. */
#include "base/mem.h"
#include "data/build.h"
#include "data/h5.h"
#include "data/layout.h"

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
    TRY(comm_agree(comm, check_visible(comm, request->file)));
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? data_survey(request, layout) : TRALO_OK));
    comm_share(comm, layout, sizeof *layout, 0);
    TRY(comm_agree(comm, data_check_memory(comm, request, layout)));
out:
    return code;
}

static int open_request(comm_t *comm, const data_request_t *request, data_t **out)
{
    int code = TRALO_OK;
    char where[ERROR_TEXT / 2];
    data_layout_t l;
    data_t *d = NULL;
    snprintf(where, sizeof where, "%s: /", request->file);
    TRY(survey(comm, request, &l));
    data_shape_t shape = {l.n, l.p, request->intercept, l.y, l.weights, l.offsets, l.fold, l.group};
    TRY(comm_agree(comm, data_create(comm, &shape, &d)));
    TRY(data_read_descriptions(request, &l, d));
    TRY(data_read_rows(request, &l, d));
    TRY(data_finish(d, where, request->standardize, request->scaling));
    *out = d;
    d = NULL;
out:
    data_free(&d);
    return code;
}

int data_open(comm_t *comm, const char *file, const data_options_t *options, data_t **out)
{
    const data_request_t request = {file, options->standardize, options->intercept, NULL};
    return open_request(comm, &request, out);
}

int data_open_scaled(comm_t *comm, const char *file, bool intercept, const data_scaling_t *scaling,
                     data_t **out)
{
    const data_request_t request = {file, false, intercept, scaling};
    return open_request(comm, &request, out);
}
