/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration of one study: YAML, checked against tables of options.

       data:      {file: F | [F, ...], standardize: true | false | scale, intercept: true,
                   storage: auto | dense | sparse, memory: auto | resident | stream}
       model:     {loss: NAME, kernel: NAME}, or {loss: NAME, penalty: NAME, groups: GROUPS,
                   free: [name, ...], weights: {groups: G, lambda: L}}
       criterion: NAME | {kind: NAME, OPTION: ..., ...}
       inner:     NAME | {kind: NAME, OPTION: ..., ...}      (default: the first inner solver)
       search:    NAME | {method: NAME, OPTION: ..., ..., start: L, lower: L, upper: L}
       verify:    {rows: K, seed: K, one_se: true}
       output:    F

   or, where what is minimised is not a criterion on data but what an oracle says of parameters:

       parameters: {NAME: {lower: X, upper: X, scale: linear | log | logit, start: X,
                    integer: false}, 'NAME[COUNT]': ..., ...}
       oracle:     {kind: NAME, OPTION: ..., ...}
       search:     NAME | {method: NAME, OPTION: ..., ...}
       output:     F

   where
       GROUPS:    auto | one | file | columns | [[name, ...], ...]

   L is a penalty lambda > 0, or a list with one per group. A loss, a penalty and a kernel may also
   be written {kind: NAME, OPTION: ...}. A data file may be a pattern of glob(7). Relative paths are
   taken from the folder of the config.

   Overrides are `key.sub=VALUE`, VALUE in YAML's flow style (`model.groups=[[a, b], [c]]`). They
   replace what stands at that key, later ones win. Relative paths in an override are taken from the
   current folder. */
#ifndef STUDY_CONFIG_H
#define STUDY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"
#include "comm/comm.h"
#include "data/data.h"
#include "oracle/space.h"
#include "study/kinds.h"

/* A kind that was chosen, with its options: defaults, and over them what the config says. */
typedef struct config_kind {
    const char *name;      /* borrowed from the table of kinds */
    const param_t *params; /* borrowed from the table of kinds */
    void *options;         /* owned; NULL when the kind has none */
} config_kind_t;

typedef struct config_names {
    int count;
    char **names; /* [count], owned */
} config_names_t;

typedef enum config_grouping {
    GROUPS_AUTO, /* /groups of the data file where it has one, else one group */
    GROUPS_ONE,
    GROUPS_FILE,
    GROUPS_COLUMNS, /* each column that is not free is a group of its own */
    GROUPS_LISTS
} config_grouping_t;

typedef struct config_groups {
    config_grouping_t grouping;
    int count;             /* GROUPS_LISTS: how many */
    config_names_t *lists; /* [count], owned */
    config_names_t free;   /* features that are not penalised */
    char *place;           /* "FILE:LINE: model.groups", owned; NULL when not given */
    char *free_place;      /* "FILE:LINE: model.free", owned; NULL when not given */
} config_groups_t;

/* Penalties lambda in the config: none (count 0), one for all groups (1), or one per group. */
typedef struct config_lambda {
    int count;
    double *values; /* [count] > 0, owned */
    char *place;    /* "FILE:LINE: search.start", owned; NULL when not given */
} config_lambda_t;

typedef struct config_data {
    config_names_t files; /* absolute paths or patterns */
    int standardize;      /* data_standardize_t */
    bool intercept;
    int storage; /* data_storage_t */
    int memory;  /* data_memory_t */
} config_data_t;

/* Weights of groups of rows as hyperparameters, in place of those of the penalty. */
typedef struct config_weights {
    int64_t groups; /* 0: no */
    double lambda;  /* of the penalty */
} config_weights_t;

typedef struct config_model {
    config_kind_t loss;
    config_kind_t penalty; /* name NULL: there is a kernel */
    config_kind_t kernel;  /* name NULL: there is a penalty */
    config_groups_t groups;
    config_weights_t weights;
} config_model_t;

typedef struct config_search {
    config_kind_t method;
    config_lambda_t start, lower, upper;
} config_search_t;

typedef struct config_verify {
    int64_t rows; /* exact leave-one-out of so many random rows after the search; 0: none */
    int64_t seed; /* >= 0 */
    bool one_se;  /* find the largest penalty within one standard error of the best */
} config_verify_t;

typedef struct config {
    config_data_t data;
    config_model_t model;
    config_kind_t criterion;
    config_kind_t inner;
    config_search_t search;
    config_verify_t verify;
    config_kind_t oracle; /* name NULL: the criterion above, by all ranks together */
    space_t space;        /* the parameters of another oracle, of which there is at least one; then
                             of the rest only search, oracle and output mean something */
    bool resume;          /* go on from what an earlier run left; set by whoever reads the config */
    char *output;         /* result file, absolute path, owned */
    char *echo; /* all of the above as YAML text that gives this config when read; owned */
} config_t;

/* Reads the config at `path` and applies overrides [count]. Collective: rank 0 reads the text (path
   and overrides are significant on rank 0 only), all ranks parse it. The caller frees with
   config_free. Errors: TRALO_ERR_FILE (cannot read), TRALO_ERR_INPUT (syntax; unknown, missing or
   double key; wrong type; out of range; an option of another kind: "FILE:LINE: KEY: what is wrong,
   what is allowed", or "override 'TEXT': KEY: ..."; an output that is the config or the data, which
   it would replace), TRALO_ERR_MEMORY; the same on all ranks. */
int config_read(comm_t *comm, const char *path, int count, const char *const *overrides,
                config_t **out);

/* Frees everything; sets *config to NULL; NULL is accepted. Not collective. */
void config_free(config_t **config);

/* What config_parse reads. All borrowed. */
typedef struct config_source {
    const char *name;             /* of the file, for messages */
    const char *text;             /* its content */
    const char *folder;           /* absolute: paths of the file start here */
    const char *here;             /* absolute: paths of overrides start here */
    int count;                    /* of overrides */
    const char *const *overrides; /* [count] */
    const kind_table_t *kinds;    /* [KIND_SORTS] */
} config_source_t;

/* The same from text, with any tables of kinds. Not collective. */
int config_parse(const config_source_t *source, config_t **out);

/* The data files, borrowed from the config. */
files_names_t config_files(const config_t *config);

/* Which penalty group each column belongs to: group [p] gets 0 .. *count-1, or -1 for a column that
   is not penalised. names [p]: the features (NULL: they are called "0", "1", ...); file_group [p]:
   /groups of the data file or NULL. Not collective; the same on all ranks when the arguments are.
   Errors: TRALO_ERR_INPUT (unknown name, name given twice, two columns of that name, first column
   that no list names, `file` without /groups, gaps in /groups, empty group, nothing to penalise),
   TRALO_ERR_MEMORY. Cost: O(p log p). */
typedef struct config_columns {
    int p;
    char *const *names;    /* [p] or NULL, borrowed */
    const int *file_group; /* [p] or NULL, borrowed */
} config_columns_t;
int config_groups(const config_t *config, const config_columns_t *columns, int *group, int *count);

/* The hyperparameters [groups * per_group] of one setting in the field's terms (lambda first in
   each group); NaN where it was not given. One value is lambda of all groups; as many as groups:
   lambda of each; as many as hyperparameters: all of them. Errors: TRALO_ERR_INPUT when the list
   has another length. Not collective. */
int config_natural(const config_lambda_t *given, int groups, int per_group, double *natural);

#endif
