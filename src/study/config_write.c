/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stddef.h>

#include "base/mem.h"
#include "study/config_parts.h"
#include "base/text.h"

/* ", name: value" for every row that has a value. */
static int write_params(text_t *text, const param_t *table, const void *options)
{
    int code = TRALO_OK;
    for (const param_t *row = table; row != NULL && row->name != NULL; row++) {
        const void *field = (const char *)options + row->offset;
        if (param_is_text(row) && *(char *const *)field == NULL)
            continue;
        TRY(text_add(text, ", %s: ", row->name));
        TRY(text_param(text, row, options));
    }
out:
    return code;
}

/* "{kind: NAME, OPTION: ...}" */
static int write_kind(text_t *text, const config_kind_t *kind)
{
    int code = TRALO_OK;
    TRY(text_add(text, "{kind: %s", kind->name));
    TRY(write_params(text, kind->params, kind->options));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_names(text_t *text, const config_names_t *names)
{
    int code = TRALO_OK;
    TRY(text_add(text, "["));
    for (int i = 0; i < names->count; i++) {
        TRY(text_add(text, "%s", i > 0 ? ", " : ""));
        TRY(text_quote(text, names->names[i]));
    }
    TRY(text_add(text, "]"));
out:
    return code;
}

static int write_groups(text_t *text, const config_groups_t *groups)
{
    int code = TRALO_OK;
    if (groups->grouping != GROUPS_LISTS)
        return text_add(text, "%s", config_grouping_names[groups->grouping]);
    TRY(text_add(text, "["));
    for (int i = 0; i < groups->count; i++) {
        TRY(text_add(text, "%s", i > 0 ? ", " : ""));
        TRY(write_names(text, &groups->lists[i]));
    }
    TRY(text_add(text, "]"));
out:
    return code;
}

static int write_data(text_t *text, const config_data_t *data)
{
    int code = TRALO_OK;
    TRY(text_add(text, "data: {file: "));
    TRY(data->files.count == 1 ? text_quote(text, data->files.names[0])
                               : write_names(text, &data->files));
    TRY(write_params(text, config_data_params, data));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_model(text_t *text, const config_model_t *model)
{
    int code = TRALO_OK;
    TRY(text_add(text, "model:\n  loss: "));
    TRY(write_kind(text, &model->loss));
    if (model->kernel.name != NULL) {
        TRY(text_add(text, "  kernel: "));
        TRY(write_kind(text, &model->kernel));
        return TRALO_OK;
    }
    TRY(text_add(text, "  penalty: "));
    TRY(write_kind(text, &model->penalty));
    TRY(text_add(text, "  groups: "));
    TRY(write_groups(text, &model->groups));
    TRY(text_add(text, "\n  free: "));
    TRY(write_names(text, &model->groups.free));
    TRY(text_add(text, "\n"));
    if (model->weights.groups == 0)
        return TRALO_OK;
    TRY(text_add(text, "  weights: {groups: "));
    TRY(text_param(text, &config_weights_params[0], &model->weights));
    TRY(write_params(text, config_weights_params + 1, &model->weights));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_lambda(text_t *text, const char *key, const config_lambda_t *lambda)
{
    int code = TRALO_OK;
    char number[32];
    if (lambda->count == 0)
        return TRALO_OK;
    TRY(text_add(text, ", %s: [", key));
    for (int i = 0; i < lambda->count; i++) {
        text_real(lambda->values[i], number);
        TRY(text_add(text, "%s%s", i > 0 ? ", " : "", number));
    }
    TRY(text_add(text, "]"));
out:
    return code;
}

static int write_search(text_t *text, const config_search_t *search)
{
    int code = TRALO_OK;
    TRY(text_add(text, "search: {method: %s", search->method.name));
    TRY(write_params(text, search->method.params, search->method.options));
    TRY(write_lambda(text, "start", &search->start));
    TRY(write_lambda(text, "lower", &search->lower));
    TRY(write_lambda(text, "upper", &search->upper));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_criterion(text_t *text, const config_t *config)
{
    int code = TRALO_OK;
    TRY(write_data(text, &config->data));
    TRY(write_model(text, &config->model));
    TRY(text_add(text, "criterion: "));
    TRY(write_kind(text, &config->criterion));
    TRY(text_add(text, "inner: "));
    TRY(write_kind(text, &config->inner));
    TRY(text_add(text, "verify: {rows: "));
    TRY(text_param(text, &config_verify_params[0], &config->verify));
    TRY(write_params(text, config_verify_params + 1, &config->verify));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_parameter(text_t *text, const space_parameter_t *p)
{
    int code = TRALO_OK;
    TRY(text_add(text, "  \"%s", p->name));
    if (p->vector)
        TRY(text_add(text, "[%" PRId64 "]", p->count));
    TRY(text_add(text, "\": {%s: ", space_params[0].name));
    TRY(text_param(text, &space_params[0], p));
    TRY(write_params(text, space_params + 1, p));
    TRY(text_add(text, "}\n"));
out:
    return code;
}

static int write_parameters(text_t *text, const config_t *config)
{
    int code = TRALO_OK;
    TRY(text_add(text, "parameters:\n"));
    for (int k = 0; k < config->space.parameters; k++)
        TRY(write_parameter(text, &config->space.list[k]));
out:
    return code;
}

int config_write(const config_t *config, char **out)
{
    int code = TRALO_OK;
    text_t text = {0};
    TRY(config->space.parameters > 0 ? write_parameters(&text, config)
                                     : write_criterion(&text, config));
    if (config->oracle.name != NULL) {
        TRY(text_add(&text, "oracle: "));
        TRY(write_kind(&text, &config->oracle));
    }
    TRY(write_search(&text, &config->search));
    TRY(text_add(&text, "output: "));
    TRY(text_quote(&text, config->output));
    TRY(text_add(&text, "\n"));
    *out = text.data;
    text.data = NULL;
out:
    mem_free(&text.data);
    return code;
}
