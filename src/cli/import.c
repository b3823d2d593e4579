/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "data/import.h"

static const char options_text[] =
    "any input (CSV, LIBSVM text, NumPy; plain, .gz or .xz)\n"
    "  --format NAME        auto (default), csv, libsvm or npy\n"
    "  --labels NEG,POS     the two values of the target that become -1 and +1; A,B,C,...: 0, 1, "
    "2, "
    "...\n"
    "  --classify           map a target of two numbers too: the smaller becomes -1, the larger "
    "+1;\n"
    "                       more than two numbers or words become classes 0, 1, 2, ...\n"
    "  --missing WHAT       error (default), or drop: leave rows with missing values out\n"
    "  --part WHAT          what hold-out does with all rows (/fold): train, validate or neither;\n"
    "                       for files that are one data set\n"
    "  --float32            store X in single precision\n"
    "  --gzip LEVEL         compress X, 1 to 9\n"
    "  --force              replace OUT.h5\n"
    "CSV (a first line with names; comma, tab, semicolon or blanks between)\n"
    "  --target NAME        the column to be predicted; two words are mapped to -1 and +1, the "
    "first\n"
    "                       in the alphabet to -1\n"
    "  --weights NAME       column of weights, 0 or more\n"
    "  --offset NAME        column that is added to the linear predictor\n"
    "  --log-offset NAME    the same with its logarithm, as for exposures\n"
    "  --drop NAMES         columns to leave out, commas between\n"
    "  --one-hot NAMES      categorical columns: a column of 0 and 1 for each value; auto: every\n"
    "                       column that is not numeric\n"
    "  --one-hot-drop-first no column for the first value\n"
    "  --no-header          columns are c1, c2, ...; NAME may be the number alone\n"
    "  --delimiter WHAT     comma, tab, semicolon, space, or one character\n"
    "LIBSVM (label index:value ..., indices from 1; writes a sparse X)\n"
    "  --dense              write a dense X\n"
    "  --zero-based         indices from 0\n"
    "  --features P         the number of features, where the last ones do not occur\n"
    "NumPy (IN is X.npy)\n"
    "  --y FILE             the target, one number for each row of X\n"
    "  --weights FILE, --offset FILE, --log-offset FILE\n";

enum option_key {
    KEY_FORMAT = 256,
    KEY_LABELS,
    KEY_CLASSIFY,
    KEY_MISSING,
    KEY_FLOAT32,
    KEY_GZIP,
    KEY_FORCE,
    KEY_TARGET,
    KEY_WEIGHTS,
    KEY_OFFSET,
    KEY_LOG_OFFSET,
    KEY_DROP,
    KEY_ONE_HOT,
    KEY_DROP_FIRST,
    KEY_NO_HEADER,
    KEY_DELIMITER,
    KEY_DENSE,
    KEY_ZERO_BASED,
    KEY_FEATURES,
    KEY_PART,
    KEY_Y
};

static const struct option keys[] = {{"format", required_argument, NULL, KEY_FORMAT},
                                     {"labels", required_argument, NULL, KEY_LABELS},
                                     {"classify", no_argument, NULL, KEY_CLASSIFY},
                                     {"missing", required_argument, NULL, KEY_MISSING},
                                     {"float32", no_argument, NULL, KEY_FLOAT32},
                                     {"gzip", required_argument, NULL, KEY_GZIP},
                                     {"force", no_argument, NULL, KEY_FORCE},
                                     {"target", required_argument, NULL, KEY_TARGET},
                                     {"weights", required_argument, NULL, KEY_WEIGHTS},
                                     {"offset", required_argument, NULL, KEY_OFFSET},
                                     {"log-offset", required_argument, NULL, KEY_LOG_OFFSET},
                                     {"drop", required_argument, NULL, KEY_DROP},
                                     {"one-hot", required_argument, NULL, KEY_ONE_HOT},
                                     {"one-hot-drop-first", no_argument, NULL, KEY_DROP_FIRST},
                                     {"no-header", no_argument, NULL, KEY_NO_HEADER},
                                     {"delimiter", required_argument, NULL, KEY_DELIMITER},
                                     {"dense", no_argument, NULL, KEY_DENSE},
                                     {"zero-based", no_argument, NULL, KEY_ZERO_BASED},
                                     {"features", required_argument, NULL, KEY_FEATURES},
                                     {"part", required_argument, NULL, KEY_PART},
                                     {"y", required_argument, NULL, KEY_Y},
                                     {NULL, 0, NULL, 0}};

/* ---- values of options -------------------------------------------------------------------------
 */
/* The place of `text` among `words` (NULL-terminated). */
static int take_word(const char *option, const char *text, const char *const *words, int *out)
{
    int code = TRALO_OK, i = 0;
    while (words[i] != NULL && strcmp(words[i], text) != 0)
        i++;
    if (words[i] == NULL)
        FAIL(TRALO_ERR_INPUT, "--%s %s: not known; see tralo import --help", option, text);
    *out = i;
out:
    return code;
}

static int take_count(const char *option, const char *text, int64_t most, int64_t *out)
{
    int code = TRALO_OK;
    char *end = NULL;
    const int64_t value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > most)
        FAIL(TRALO_ERR_INPUT, "--%s %s: write a whole number from 1 to %lld", option, text,
             (long long)most);
    *out = value;
out:
    return code;
}

static int take_delimiter(const char *text, char *out)
{
    int code = TRALO_OK, i = 0;
    static const char *const words[] = {"comma", "tab", "semicolon", "space", NULL};
    if (strlen(text) == 1 && text[0] != '"') {
        *out = text[0];
        goto out;
    }
    TRY(take_word("delimiter", text, words, &i));
    *out = ",\t; "[i];
out:
    return code;
}

/* ---- options -----------------------------------------------------------------------------------
 */
typedef struct lists {
    const char **drop, **one_hot; /* [argc] */
} lists_t;

static int set_choice(import_options_t *o, int key, const char *text)
{
    int code = TRALO_OK, choice = 0;
    static const char *const formats[] = {"auto", "csv", "libsvm", "npy", NULL};
    static const char *const missing[] = {"error", "drop", NULL};
    static const char *const parts[] = {"train", "validate", "neither", NULL};
    int64_t count = 0;
    switch (key) {
    case KEY_FORMAT:
        TRY(take_word("format", text, formats, &choice));
        o->format = (import_format_t)choice;
        break;
    case KEY_MISSING:
        TRY(take_word("missing", text, missing, &choice));
        o->missing_drop = choice == 1;
        break;
    case KEY_PART:
        TRY(take_word("part", text, parts, &choice));
        o->part = (import_part_t)(IMPORT_TRAIN + choice);
        break;
    case KEY_GZIP:
        TRY(take_count("gzip", text, 9, &count));
        o->gzip = (int)count;
        break;
    case KEY_FEATURES:
        TRY(take_count("features", text, INT32_MAX / 2, &o->features));
        break;
    default:
        TRY(take_delimiter(text, &o->delimiter));
    }
out:
    return code;
}

static const char **text_field(import_options_t *o, int key)
{
    switch (key) {
    case KEY_LABELS:
        return &o->labels;
    case KEY_TARGET:
        return &o->target;
    case KEY_WEIGHTS:
        return &o->weights;
    case KEY_OFFSET:
        return &o->offset;
    case KEY_LOG_OFFSET:
        return &o->log_offset;
    case KEY_Y:
        return &o->y;
    default:
        return NULL;
    }
}

static bool *flag_field(import_options_t *o, int key)
{
    switch (key) {
    case KEY_CLASSIFY:
        return &o->classify;
    case KEY_FLOAT32:
        return &o->float32;
    case KEY_FORCE:
        return &o->force;
    case KEY_DROP_FIRST:
        return &o->one_hot_drop_first;
    case KEY_NO_HEADER:
        return &o->no_header;
    case KEY_DENSE:
        return &o->dense;
    case KEY_ZERO_BASED:
        return &o->zero_based;
    default:
        return NULL;
    }
}

static int set_option(import_options_t *o, const lists_t *lists, int key, const char *text)
{
    bool *flag = flag_field(o, key);
    const char **field = text_field(o, key);
    if (flag != NULL)
        *flag = true;
    else if (field != NULL)
        *field = text;
    else if (key == KEY_DROP)
        lists->drop[o->drop_count++] = text;
    else if (key == KEY_ONE_HOT)
        lists->one_hot[o->one_hot_count++] = text;
    else
        return set_choice(o, key, text);
    return TRALO_OK;
}

static int parse(int argc, char **argv, const lists_t *lists, import_options_t *o)
{
    int code = TRALO_OK, key;
    opterr = 0;
    optind = 0;
    while ((key = getopt_long(argc, argv, ":", keys, NULL)) != -1) {
        if (key == '?')
            FAIL(TRALO_ERR_INPUT, "import: there is no option %s; see tralo import --help",
                 argv[optind - 1]);
        if (key == ':')
            FAIL(TRALO_ERR_INPUT, "import: %s needs a value; see tralo import --help",
                 argv[optind - 1]);
        TRY(set_option(o, lists, key, optarg));
    }
    if (argc - optind != 2)
        FAIL(TRALO_ERR_INPUT,
             "import: give one input and one output file; see tralo import --help");
    o->input = argv[optind];
    o->output = argv[optind + 1];
    o->drop = lists->drop;
    o->one_hot = lists->one_hot;
out:
    return code;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK;
    lists_t lists = {NULL, NULL};
    import_options_t options = {.input = NULL};
    (void)status;
    ALLOC(lists.drop, argc);
    ALLOC(lists.one_hot, argc);
    TRY(comm_agree(comm, parse(argc, argv, &lists, &options)));
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? import_file(&options, NULL) : TRALO_OK));
out:
    mem_free(&lists.drop);
    mem_free(&lists.one_hot);
    return code;
}

const cli_command_t cli_import = {.name = "import",
                                  .usage = "IN OUT.h5 [options]",
                                  .doc = "turns CSV, LIBSVM text or NumPy arrays into an HDF5 file",
                                  .options = options_text,
                                  .run = run};
