/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of a pass that the reader has got from the files while the pass went on, which may be
   fewer than it gave to the pass: some blocks were read before. Where those are most of all, as in
   a small file, the time since before it was opened counts. */
#include "study/rates_disk.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/data.h"
#include "data/stream.h"

static const double ENOUGH = 0.5; /* seconds */

static void forget_file(const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;  /* who opens the data will tell */
    fsync(file); /* what is not on disk yet is not forgotten */
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
}

static int forget(const files_names_t *names)
{
    int code = TRALO_OK;
    files_t *files = NULL;
    TRY(files_find(names, &files));
    for (int i = 0; i < files->count; i++)
        forget_file(files->paths[i]);
out:
    files_free(&files);
    return code;
}

/* Bytes per second of this rank; INFINITY where it has no rows. */
static double read_some(const data_t *data, double opened)
{
    const double started = clock_seconds();
    const int64_t before = data_reading(data).bytes;
    rows_pass_t pass = rows_begin(&data->X, ROWS_AS_HELD);
    while (rows_next(&pass) && clock_seconds() - started < ENOUGH)
        ;
    const double now = clock_seconds();
    const int64_t all = data_reading(data).bytes, mine = all - before;
    if (data->rows == 0)
        return INFINITY;
    return mine > all / 2 ? (double)mine / (now - started) : (double)all / (now - opened);
}

int rates_measure_disk(comm_t *comm, const char *file, rates_disk_t *out)
{
    int code = TRALO_OK;
    const files_names_t names = {1, &file};
    const data_options_t options = {.intercept = true, .memory = DATA_STREAM};
    data_t *data = NULL;
    TRY(comm_agree(comm, forget(&names)));
    const double opened = clock_seconds();
    TRY(data_open_files(comm, &names, &options, &data));
    double rate = read_some(data, opened);
    TRY(data_intact(data));
    comm_min(comm, &rate, 1);
    *out = (rates_disk_t){
        .n = data->n, .p = data->p, .single = rows_stream_single(data->X.stream), .rate = rate};
out:
    data_free(&data);
    return code;
}
