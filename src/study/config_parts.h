/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the config share among themselves. */
#ifndef STUDY_CONFIG_PARTS_H
#define STUDY_CONFIG_PARTS_H

#include "study/config.h"

extern const param_t config_data_params[];
extern const param_t config_verify_params[];
extern const char *const config_grouping_names[]; /* config_grouping_t without GROUPS_LISTS */

typedef struct config_choice {
    int index;
} config_choice_t;

/* The config as YAML text with all defaults filled in. Errors: TRALO_ERR_MEMORY. Not collective. */
int config_write(const config_t *config, char **out);

#endif
