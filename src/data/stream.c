/* SPDX-License-Identifier: BSD-3-Clause */
/*     thread    row_reader_read: block k into a slot of the ring
       pass      for each block, for each `most` of its rows:
                     x~_ij = (x_ij - mean_j) factor_j, in double precision; 1 in the last column

   The operations are those of a data set in memory (standardize.c), so that rows have the same bits
   in both. */
#include "data/stream.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/work.h"
#include "data/direct.h"
#include "data/read_ahead.h"
#include "data/row_reader.h"
#include "linalg/panel.h"

enum { BLOCK_BYTES = 1 << 24 };

struct rows_stream {
    int p, columns;
    bool single;
    int64_t first, rows;
    files_t *files;       /* owned, as all below */
    row_reader_t *reader; /* NULL: this rank has no rows, as the next */
    read_ahead_t *ahead;
    int64_t blocks;
    int64_t *starts;       /* [blocks + 1] their first local rows, and `rows` */
    double *mean;          /* [p] */
    double *factor;        /* [p] */
    double *panel;         /* [panel_rows, columns] */
    _Atomic int64_t bytes; /* the thread counts, too */
    int64_t passes;
    double waited; /* in rows_stream_copy */
    int code;      /* of another rank, or of rows_stream_copy; `message` goes with it */
    char message[ERROR_TEXT];
    int64_t block;    /* at hand; -1: none */
    int64_t at, end;  /* its local rows that are still to come */
    const char *next; /* the row `at`; NULL: it could not be read */
};

static int64_t number_bytes(bool single)
{
    return single ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
}

bool rows_stream_single(const rows_stream_t *stream)
{
    return stream->single;
}

static int64_t block_limit;

void rows_stream_limit_blocks(int64_t rows)
{
    block_limit = rows;
}

/* Rows whose bytes are a multiple of DIRECT_UNIT, a power of 2. */
static int64_t unit_rows(int64_t row_bytes)
{
    const int64_t power = row_bytes & -row_bytes;
    return power < DIRECT_UNIT ? DIRECT_UNIT / power : 1;
}

static bool leave_cache;

void rows_stream_leave_cache(bool leave)
{
    leave_cache = leave;
}

int64_t rows_stream_block_rows(const rows_stream_shape_t *shape)
{
    const int64_t least = panel_rows(shape->columns);
    const int64_t row_bytes = shape->p * number_bytes(shape->single), unit = unit_rows(row_bytes);
    int64_t wanted = BLOCK_BYTES / row_bytes;
    wanted = wanted < least ? least : wanted;
    wanted = block_limit > 0 && block_limit < wanted ? block_limit : wanted;
    const int64_t band = shape->band == 1 && unit <= wanted ? unit : shape->band;
    if (band <= wanted)
        return wanted / band * band;
    if (shape->narrow) /* HDF5 would not keep all chunks of the band for its next part */
        return band;
    const int64_t parts = (band + wanted - 1) / wanted;
    return (band + parts - 1) / parts;
}

static int64_t block_bytes(int64_t rows, int p, bool single)
{
    return rows * p * number_bytes(single) + DIRECT_SLACK;
}

int64_t rows_stream_memory(const rows_stream_shape_t *shape, int64_t rows)
{
    const int64_t most = rows_stream_block_rows(shape), block = most < rows ? most : rows;
    const int64_t panel = (int64_t)panel_rows(shape->columns) * shape->columns;
    return read_ahead_memory(block_bytes(block, shape->p, shape->single)) +
           (panel + 2 * (int64_t)shape->p) * (int64_t)sizeof(double);
}

static void count_rows(rows_stream_t *s, int64_t rows)
{
    s->bytes += rows * s->p * number_bytes(s->single);
}

static int fetch(void *context, int64_t k, void *buffer)
{
    int code = TRALO_OK;
    rows_stream_t *s = context;
    const int64_t begin = s->starts[k], count = s->starts[k + 1] - begin;
    TRY(row_reader_block(s->reader, s->first + begin, count, s->single, buffer));
    count_rows(s, count);
out:
    return code;
}

/* Cuts the rows into blocks, each in one file, that end where chunks end: how many, and the longest
   of them; starts NULL: only counts. */
static int64_t cut(const rows_stream_t *s, int64_t *starts, int64_t *longest)
{
    int64_t blocks = 0;
    for (int64_t row = 0, count; row < s->rows; row += count) {
        const files_piece_t piece = files_piece(s->files, s->first + row, s->rows - row);
        const files_part_t *part = &s->files->parts[piece.file];
        const rows_stream_shape_t shape = {s->p, s->columns, s->single, part->band, part->narrow};
        const int64_t most = rows_stream_block_rows(&shape), left = most - piece.first % most;
        count = piece.count < left ? piece.count : left;
        *longest = count > *longest ? count : *longest;
        if (starts != NULL)
            starts[blocks] = row;
        blocks++;
    }
    if (starts != NULL)
        starts[blocks] = s->rows;
    return blocks;
}

static int start(rows_stream_t *s, const rows_stream_plan_t *plan)
{
    int code = TRALO_OK;
    int64_t longest = 0;
    const row_reader_plan_t rows = {s->files, plan->names, s->p,
                                    s->first, s->rows,     plan->uncached || leave_cache};
    s->blocks = cut(s, NULL, &longest);
    ALLOC(s->starts, s->blocks + 1);
    cut(s, s->starts, &longest);
    TRY(row_reader_open(&rows, &s->reader));
    const read_ahead_source_t source = {.blocks = s->blocks,
                                        .bytes = block_bytes(longest, s->p, s->single),
                                        .fetch = fetch,
                                        .context = s};
    TRY(read_ahead_create(&source, &s->ahead));
out:
    return code;
}

int rows_stream_open(const rows_stream_plan_t *plan, rows_stream_t **out)
{
    int code = TRALO_OK;
    rows_stream_t *s = NULL;
    ALLOC(s, 1);
    s->p = plan->p;
    s->columns = plan->columns;
    s->single = plan->single;
    s->first = plan->first;
    s->rows = plan->rows;
    s->files = plan->files;
    ALLOC(s->mean, s->p);
    ALLOC(s->factor, s->p);
    for (int j = 0; j < s->p; j++)
        s->factor[j] = 1.0;
    ALLOC(s->panel, (int64_t)panel_rows(s->columns) * s->columns);
    if (s->rows > 0)
        TRY(start(s, plan));
    *out = s;
    s = NULL;
out:
    if (s != NULL)
        s->files = NULL; /* still the caller's */
    rows_stream_close(&s);
    return code;
}

void rows_stream_close(rows_stream_t **stream)
{
    rows_stream_t *s = *stream;
    if (s == NULL)
        return;
    read_ahead_free(&s->ahead);
    row_reader_close(&s->reader);
    files_free(&s->files);
    mem_free(&s->starts);
    mem_free(&s->mean);
    mem_free(&s->factor);
    mem_free(&s->panel);
    mem_free(stream);
}

void rows_stream_scale(rows_stream_t *s, const double *mean, const double *scale,
                       const bool *constant)
{
    for (int j = 0; j < s->p; j++) {
        s->mean[j] = mean[j];
        s->factor[j] = constant != NULL && constant[j] ? 0.0 : 1.0 / scale[j];
    }
}

void rows_stream_rewind(rows_stream_t *s)
{
    s->passes++;
    work_count(WORK_READ, (double)(s->rows * s->p * number_bytes(s->single)));
    s->block = -1;
    s->at = s->end = 0;
    if (s->ahead != NULL)
        read_ahead_rewind(s->ahead);
}

/* Goes to the next block; false: there is none. */
static bool next_block(rows_stream_t *s)
{
    if (s->block + 1 >= s->blocks)
        return false;
    s->block++;
    s->at = s->starts[s->block];
    s->end = s->starts[s->block + 1];
    s->next = s->code == TRALO_OK ? read_ahead_next(s->ahead) : NULL;
    return true;
}

/* x [count, p] of the file to out [count, columns]. */
static void convert(const rows_stream_t *s, const void *x, bool single, int64_t count, double *out)
{
    const int64_t p = s->p, columns = s->columns;
    const double *mean = s->mean, *factor = s->factor;
    for (int64_t i = 0; i < count; i++) {
        const float *small = (const float *)x + i * p;
        const double *large = (const double *)x + i * p;
        double *row = out + i * columns;
        if (single)
            for (int64_t j = 0; j < p; j++)
                row[j] = ((double)small[j] - mean[j]) * factor[j];
        else
            for (int64_t j = 0; j < p; j++)
                row[j] = (large[j] - mean[j]) * factor[j];
        if (columns > p)
            row[p] = 1.0;
    }
}

int64_t rows_stream_next(rows_stream_t *s, int64_t most, const double **rows)
{
    if (s->at == s->end && !next_block(s)) {
        if (s->ahead != NULL)
            read_ahead_rewind(s->ahead); /* which lets the thread have the last block's slot */
        return 0;
    }
    const int64_t left = s->end - s->at, count = left < most ? left : most;
    if (s->next == NULL) {
        memset(s->panel, 0, (size_t)(count * s->columns) * sizeof *s->panel);
    } else {
        convert(s, s->next, s->single, count, s->panel);
        s->next += count * s->p * number_bytes(s->single);
    }
    s->at += count;
    *rows = s->panel;
    return count;
}

void rows_stream_copy(rows_stream_t *s, int64_t begin, int64_t count, double *out)
{
    const int64_t p = s->p, columns = s->columns;
    const double started = clock_seconds();
    double *packed = out + count * (columns - p); /* its rows end where those of `out` do */
    int code = rows_stream_failure(s);
    if (code == TRALO_OK && count > 0) {
        code = row_reader_read(s->reader, s->first + begin, count, false, packed);
        if (code == TRALO_OK)
            count_rows(s, count);
        else
            rows_stream_fail(s, code, tralo_error_message());
    }
    s->waited += clock_seconds() - started;
    if (code != TRALO_OK)
        memset(out, 0, (size_t)(count * columns) * sizeof *out);
    else
        convert(s, packed, false, count, out);
}

int rows_stream_failure(rows_stream_t *s)
{
    if (s->code != TRALO_OK)
        return error_raise(s->code, "%s", s->message);
    return s->ahead != NULL ? read_ahead_failure(s->ahead) : TRALO_OK;
}

void rows_stream_fail(rows_stream_t *s, int code, const char *message)
{
    s->code = code;
    snprintf(s->message, sizeof s->message, "%s", message);
}

rows_stream_counters_t rows_stream_counters(const rows_stream_t *s)
{
    const int64_t bytes = s->bytes; /* first, for the thread counts these last */
    return (rows_stream_counters_t){
        .passes = s->passes,
        .bytes = bytes,
        .direct = s->reader != NULL ? row_reader_direct(s->reader) : 0,
        .waited = s->waited + (s->ahead != NULL ? read_ahead_waited(s->ahead) : 0.0)};
}
