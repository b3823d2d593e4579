/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/units.h"
#include "data/data.h"
#include "data/info.h"
#include "study/memory.h"

enum { MOST_RANKS = 8 };

static void print_storage(const info_t *info)
{
    char bytes[UNITS_TEXT];
    units_bytes((double)info->stored_bytes, bytes);
    printf("rows        %" PRId64 "\nfeatures    %d\n", info->n, info->p);
    printf("storage     %s %s", info->sparse ? "CSR" : "dense", info->type);
    if (info->chunk[0] > 0 && info->sparse)
        printf(", chunks of %" PRId64 " entries", info->chunk[0]);
    else if (info->chunk[0] > 0)
        printf(", chunks of %" PRId64 " x %" PRId64, info->chunk[0], info->chunk[1]);
    else
        printf(", contiguous");
    printf("%s%s, %s\n", info->filters[0] != '\0' ? ", " : "", info->filters, bytes);
    printf("density     %.6g (%" PRId64 " non-zero numbers)\n",
           (double)info->nonzeros / ((double)info->n * info->p), info->nonzeros);
    if (info->bad > 0)
        printf("NaN or Inf  %" PRId64 " in X: not fit for a study\n", info->bad);
    else
        printf("NaN or Inf  none in X\n");
}

static void print_constants(const info_t *info)
{
    printf("constant    %" PRId64 " columns", info->constant);
    for (int i = 0; i < INFO_NAMES && info->constant_names[i] != NULL; i++)
        printf("%s %s", i == 0 ? ":" : ",", info->constant_names[i]);
    printf("%s\n", info->constant > INFO_NAMES ? ", ..." : "");
}

static void print_vector(const char *name, const info_vector_t *v)
{
    if (!v->present) {
        printf("%-11s none\n", name);
        return;
    }
    printf("%-11s mean %.6g, sd %.6g, from %.6g to %.6g", name, v->mean, v->sd, v->min, v->max);
    if (v->bad > 0)
        printf(", %" PRId64 " NaN or Inf", v->bad);
    printf("\n");
}

static void print_target(const info_t *info)
{
    const int count = info->label_count;
    printf("target      %s\n", info->target != NULL ? info->target : "(no name)");
    print_vector("  y", &info->y);
    if (count > 2)
        printf("  classes   %d, from %s = 0 to %s = %d\n", count, info->labels[0],
               info->labels[count - 1], count - 1);
    if (info->distinct > INFO_DISTINCT)
        return;
    printf("  values   ");
    for (int i = 0; i < info->distinct; i++) {
        const double value = info->value[i];
        const int k = count > 0 ? data_label_of(count, value) : -1;
        const char *label =
            k >= 0 && k < count && data_label_value(count, k) == value ? info->labels[k] : NULL;
        printf(" %.6g%s%s%s: %" PRId64 "%s", value, label != NULL ? " (" : "",
               label != NULL ? label : "", label != NULL ? ")" : "", info->count[i],
               i < info->distinct - 1 ? "," : "\n");
    }
}

static void print_more(const info_t *info)
{
    print_vector("weights", &info->weights);
    if (info->weights.present && info->weights.zeros > 0)
        printf("            %" PRId64 " are 0\n", info->weights.zeros);
    print_vector("offset", &info->offset);
    if (info->groups)
        printf("groups      %d, and %" PRId64 " columns that are not penalised\n",
               info->group_count, info->free);
    else
        printf("groups      none\n");
    if (info->folds)
        printf("folds       %d, of %" PRId64 " to %" PRId64 " rows\n", info->fold_count,
               info->fold_least, info->fold_most);
    else
        printf("folds       none\n");
    if (info->rest[0] != '\0')
        printf("not read    %s\n", info->rest);
}

/* By the loss that the target suggests: of two values, of classes, or a number. */
static memory_request_t request_of(const info_t *info, bool sparse, int64_t ranks)
{
    return (memory_request_t){.n = info->n,
                              .ranks = ranks,
                              .p = info->p,
                              .entries = sparse ? info->entries : 0,
                              .outputs = info->label_count > 2 ? info->label_count : 1,
                              .quadratic = info->label_count <= 2 && info->distinct > 2,
                              .offsets = info->offsets,
                              .weights = info->weights.present,
                              .single = strcmp(info->type, "float32") == 0,
                              .band = info->chunk[0] > 0 ? info->chunk[0] : 1,
                              .narrow = info->chunk[1] > 0 && info->chunk[1] < info->p};
}

/* Rows on disk have algebras of their own. */
static void print_ranks(const info_t *info, bool sparse, int64_t ranks)
{
    char least[UNITS_TEXT], most[UNITS_TEXT], disk[UNITS_TEXT];
    memory_request_t request = request_of(info, sparse, ranks);
    const algebra_t algebra = memory_algebra(&request);
    units_bytes((double)memory_per_rank(&request), least);
    request.whitened = true;
    units_bytes((double)memory_per_rank(&request), most);
    printf("  %5" PRId64 "   %-11s   %10s   %12s", ranks, algebra.name, least, most);
    request.whitened = false;
    request.streamed = true;
    if (!info->sparse) {
        units_bytes((double)memory_per_rank(&request), disk);
        printf("   %10s (%s)", disk, memory_algebra(&request).name);
    }
    printf("\n");
}

static void print_memory(const info_t *info)
{
    const bool sparse =
        info->sparse && (double)info->entries < DATA_DENSE * (double)info->n * info->p;
    printf("memory      per rank, to tune one penalty by approximate leave-one-out%s\n"
           "  ranks   algebra            least      with room%s\n",
           sparse ? ", X held by its entries" : "",
           info->sparse ? "" : "   X on disk (data.memory: stream)");
    for (int64_t ranks = 1; ranks <= MOST_RANKS; ranks *= 2)
        print_ranks(info, sparse, ranks);
}

static int report(const files_names_t *names)
{
    int code = TRALO_OK;
    info_t *info = NULL;
    TRY(info_read(names, &info));
    printf("file        %s", names->names[0]);
    for (int i = 1; i < names->count; i++)
        printf(" %s", names->names[i]);
    printf("%s%s\n", info->source != NULL ? ", imported from " : "",
           info->source != NULL ? info->source : "");
    if (info->files > 1)
        printf("files       %d\n", info->files);
    print_storage(info);
    print_constants(info);
    print_target(info);
    print_more(info);
    print_memory(info);
out:
    info_free(&info);
    return code;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK;
    const files_names_t names = {argc - 1, (const char *const *)argv + 1};
    (void)status;
    if (argc > 1 && argv[1][0] == '-')
        FAIL(TRALO_ERR_INPUT, "info: there is no option %s; see tralo info --help", argv[1]);
    if (argc < 2)
        FAIL(TRALO_ERR_INPUT, "info: give a file; see tralo info --help");
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? report(&names) : TRALO_OK));
out:
    return code;
}

const cli_command_t cli_info = {.name = "info",
                                .usage = "FILE.h5 ...",
                                .doc = "rows, columns, storage, target, and memory per rank",
                                .options = "",
                                .run = run};
