/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the config share among themselves. */
#ifndef STUDY_CONFIG_PARTS_H
#define STUDY_CONFIG_PARTS_H

#include "study/config.h"
#include "study/tree.h"

extern const param_t config_data_params[];
extern const param_t config_verify_params[];
extern const param_t config_weights_params[];
extern const char *const config_grouping_names[]; /* config_grouping_t without GROUPS_LISTS */

typedef struct config_choice {
    int index;
} config_choice_t;

/* The path that `value` gives, absolute; with `pattern` it may be one of glob(7), and the folder
   before it is none. Errors: TRALO_ERR_MEMORY. */
int config_resolve(const config_source_t *source, const tree_t *value, bool pattern, char **out);

/* Reads the element `key` of `map`: NAME or {kind: NAME, OPTION: ...}. */
int config_need_kind(const tree_t *map, const char *key, const kind_table_t *table,
                     config_kind_t *out);

/* Is what is minimised a criterion on data: is there no oracle, or that one? */
bool config_names_criterion(const tree_t *root);

/* Reads `oracle` where it is that one. After the search. */
int config_read_sharing(const config_source_t *source, const tree_t *root, config_t *config);

/* Reads `parameters` and another `oracle`. After the output. */
int config_read_oracle(const config_source_t *source, const tree_t *root, config_t *config);

/* The config as YAML text with all defaults filled in. Errors: TRALO_ERR_MEMORY. Not collective. */
int config_write(const config_t *config, char **out);

#endif
