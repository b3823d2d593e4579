/* SPDX-License-Identifier: BSD-3-Clause */
/* first pass    every row: check; count rows, values; look at y
   between       decide what y is; width; create OUT.part
   second pass   every row: write
   end           names and attributes; rename OUT.part to OUT */
#include "data/import.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/import_source.h"
#include "data/import_target.h"
#include "data/write.h"

typedef struct import_state {
    const import_options_t *options; /* borrowed */
    source_t *source;
    target_t target;
    writer_t *writer;
    import_report_t report;
    double weight_sum;
} import_state_t;

static int check_output(const import_options_t *o)
{
    int code = TRALO_OK;
    struct stat status;
    if (stat(o->output, &status) != 0)
        goto out;
    if (S_ISDIR(status.st_mode))
        FAIL(TRALO_ERR_FILE, "%s: is a folder; give the name of a file", o->output);
    if (path_special(o->output))
        FAIL(TRALO_ERR_FILE, "%s: is not a regular file; HDF5 needs one", o->output);
    if (path_same(o->input, o->output))
        FAIL(TRALO_ERR_INPUT, "%s: input and output are the same file; choose another output",
             o->output);
    if (!o->force)
        FAIL(TRALO_ERR_FILE, "%s: exists already; choose another name, or replace it with --force",
             o->output);
out:
    return code;
}

static int next_row(const import_state_t *s, import_row_t *row, bool *more)
{
    const import_row_t fresh = {.weight = 1};
    *row = fresh;
    return s->source->kind->next(s->source, row, more);
}

static int first_pass(import_state_t *s)
{
    int code = TRALO_OK;
    bool more = true;
    import_row_t row;
    TRY(s->source->kind->rewind(s->source, false));
    while (true) {
        TRY(next_row(s, &row, &more));
        if (!more)
            break;
        s->report.dropped += row.missing;
        if (row.missing)
            continue;
        TRY(target_see(&s->target, &row));
        s->report.n++;
        s->report.nonzeros += row.count;
        s->weight_sum += row.weight;
    }
    if (s->report.n == 0)
        FAIL(TRALO_ERR_INPUT, "%s: holds no rows%s", s->options->input,
             s->report.dropped > 0 ? " without missing values; drop the columns that lack them"
                                   : "; is it the right file?");
    if (!(s->weight_sum > 0))
        FAIL(TRALO_ERR_INPUT, "%s: column '%s': all weights are 0; at least one is above",
             s->options->input, s->source->weights);
    TRY(target_decide(&s->target));
out:
    return code;
}

static int second_pass(import_state_t *s)
{
    int code = TRALO_OK;
    bool more = true;
    import_row_t row;
    while (true) {
        TRY(next_row(s, &row, &more));
        if (!more)
            break;
        if (row.missing)
            continue;
        const write_row_t out = {.x = row.x,
                                 .index = row.index,
                                 .value = row.value,
                                 .count = row.count,
                                 .y = target_value(&s->target, &row),
                                 .weight = row.weight,
                                 .offset = row.offset};
        TRY(writer_row(s->writer, &out));
    }
out:
    return code;
}

static int create_output(import_state_t *s)
{
    const import_options_t *o = s->options;
    const bool sparse = s->source->kind->sparse && !o->dense;
    if (!sparse)
        s->report.nonzeros = -1;
    s->report.p = s->source->p;
    const write_shape_t shape = {.n = s->report.n,
                                 .p = s->source->p,
                                 .nonzeros = s->report.nonzeros,
                                 .float32 = o->float32,
                                 .gzip = o->gzip,
                                 .fold = o->part != IMPORT_NO_PART,
                                 .part = (int)o->part - IMPORT_TRAIN,
                                 .weights = s->source->weights != NULL,
                                 .offset = s->source->offset != NULL};
    return writer_create(o->output, &shape, &s->writer);
}

static int write_names(const import_state_t *s)
{
    int code = TRALO_OK;
    const int p = s->source->p;
    char **names = NULL;
    if (s->source->kind->feature == NULL)
        goto out;
    ALLOC(names, p);
    for (int j = 0; j < p; j++)
        TRY(s->source->kind->feature(s->source, j, &names[j]));
    TRY(writer_features(s->writer, (const char *const *)names));
out:
    for (int j = 0; names != NULL && j < p; j++)
        mem_free(&names[j]);
    mem_free(&names);
    return code;
}

static int write_labels(const import_state_t *s)
{
    int code = TRALO_OK;
    const target_t *target = &s->target;
    const char **labels = NULL;
    ALLOC(labels, target->label_count);
    for (int k = 0; k < target->label_count; k++)
        labels[k] = target->labels[k].text;
    TRY(writer_texts(s->writer, "/y", "labels", labels, target->label_count));
out:
    mem_free(&labels);
    return code;
}

static int write_attributes(const import_state_t *s)
{
    int code = TRALO_OK;
    const char *slash = strrchr(s->options->input, '/');
    TRY(writer_text(s->writer, "/", "source", slash != NULL ? slash + 1 : s->options->input));
    TRY(writer_text(s->writer, "/", "tralo", tralo_version()));
    if (s->source->target != NULL)
        TRY(writer_text(s->writer, "/y", "name", s->source->target));
    if (target_mapped(&s->target))
        TRY(write_labels(s));
    if (s->source->weights != NULL)
        TRY(writer_text(s->writer, "/weights", "name", s->source->weights));
    if (s->source->offset != NULL)
        TRY(writer_text(s->writer, "/offset", "name", s->source->offset));
out:
    return code;
}

static void tell(const import_state_t *s)
{
    const import_report_t *r = &s->report;
    const target_t *t = &s->target;
    char dropped[64] = "";
    if (r->dropped > 0)
        snprintf(dropped, sizeof dropped, " (%" PRId64 " dropped for missing values)", r->dropped);
    log_info("%s: %" PRId64 " rows%s, %d features, %s", s->options->output, r->n, dropped, r->p,
             r->nonzeros < 0 ? "dense" : "sparse");
    if (t->label_count == 2)
        log_info("y: %s is -1, %s is +1", t->labels[0].text, t->labels[1].text);
    else if (target_mapped(t))
        log_info("y: %d classes, from %s = 0 to %s = %d", t->label_count, t->labels[0].text,
                 t->labels[t->label_count - 1].text, t->label_count - 1);
    else if (t->count == 2 && !(t->seen[0].number * t->seen[1].number == -1))
        log_info("y: the numbers %s and %s, as they are; --classify makes them -1 and +1",
                 t->seen[0].text, t->seen[1].text);
    else
        log_info("y: numbers");
}

static int run(import_state_t *s)
{
    int code = TRALO_OK;
    TRY(check_output(s->options));
    TRY(source_open(s->options, &s->source));
    TRY(target_init(&s->target, s->source));
    TRY(first_pass(s));
    TRY(s->source->kind->rewind(s->source, true));
    TRY(create_output(s));
    TRY(second_pass(s));
    TRY(write_names(s));
    TRY(write_attributes(s));
    TRY(writer_finish(s->writer));
    tell(s);
out:
    return code;
}

/* A message quotes the input, which may hold line ends. */
static void make_one_line(void)
{
    char text[ERROR_TEXT];
    snprintf(text, sizeof text, "%s", tralo_error_message());
    for (char *at = text; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = ' ';
    error_set(text);
}

int import_file(const import_options_t *options, import_report_t *report)
{
    import_state_t s = {.options = options};
    int code = run(&s);
    if (code == TRALO_OK && report != NULL)
        *report = s.report;
    if (code != TRALO_OK)
        make_one_line();
    writer_free(&s.writer);
    target_release(&s.target);
    source_close(&s.source);
    return code;
}
