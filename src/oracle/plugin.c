/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object as the oracle. begin keeps the trial, poll evaluates it on all ranks of the group
   and agrees on what came out. */
#include "tralo/plugin.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "comm/mpi.h"
#include "oracle/kinds.h"

enum { MESSAGE_SIZE = 400 };

typedef struct options {
    oracle_common_t common;
    char *file, *argument;
} options_t;

static const param_t params[] = {
    {"file", "the shared object; include/tralo/plugin.h says what is in it", PARAM_PATH,
     offsetof(options_t, file), 0, 0, 0, NULL},
    {"argument", "a text for it", PARAM_TEXT, offsetof(options_t, argument), 0, 0, 0, NULL},
    {"groups", "groups of ranks, each of which evaluates one trial at a time (0: of one rank each)",
     PARAM_INT, offsetof(options_t, common.groups), 0, 0, 1e9, NULL},
    {"ranks_per_group", "instead: the ranks of a group, at least", PARAM_INT,
     offsetof(options_t, common.ranks_per_group), 0, 0, 1e9, NULL},
    {"time_limit", "seconds of a trial; 0: none", PARAM_REAL,
     offsetof(options_t, common.time_limit), 0, 0, 1e9, NULL},
    {"grace", "seconds that it has to give up then, before the run is ended", PARAM_REAL,
     offsetof(options_t, common.grace), 10, 0, 1e6, NULL},
    {"driver", "the first rank: worker: it evaluates too; dedicated: it only deals", PARAM_CHOICE,
     offsetof(options_t, common.driver), ORACLE_WORKER, 0, 0, oracle_driver_names},
    {"ahead", "idle groups evaluate what the search may ask for next; for one that asks for stops",
     PARAM_BOOL, offsetof(options_t, common.ahead), 0, 0, 0, NULL},
    {"directory", "a folder that it is told (default: that of the config)", PARAM_PATH,
     offsetof(options_t, common.directory), 0, 0, 0, NULL},
    PARAM_END};

typedef struct plugin {
    oracle_setup_t setup;
    void *object; /* of dlopen */
    const tralo_plugin_t *table;
    void *state;
    bool opened;
    tralo_parameter_t *parameters; /* owned */
    oracle_trial_t trial;          /* that is out; its values are those below */
    double *values;                /* [S], owned */
    double until;                  /* clock_seconds(): its time is over; INFINITY: never */
    bool given_up;                 /* it was told to stop, because the search is to, */
    bool late;                     /* or its time is over */
    char message[MESSAGE_SIZE];
} plugin_t;

static int check(const void *options, const space_t *space)
{
    int code = TRALO_OK;
    const options_t *o = options;
    if (o->file == NULL)
        FAIL(TRALO_ERR_INPUT, "file: is missing: give the shared object");
    TRY(oracle_check_groups(options, space));
out:
    return code;
}

/* ---- loading ----------------------------------------------------------------------------------
 */

static int load(plugin_t *plugin)
{
    int code = TRALO_OK;
    const options_t *o = plugin->setup.options;
    plugin->object = dlopen(o->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (plugin->object == NULL)
        FAIL(TRALO_ERR_FILE, "cannot load the plugin (oracle.file): %s", dlerror());
    plugin->table = dlsym(plugin->object, "tralo_plugin");
    if (plugin->table == NULL)
        FAIL(TRALO_ERR_INPUT, "%s is no plugin: it has no symbol tralo_plugin", o->file);
    if (plugin->table->abi != TRALO_PLUGIN_ABI || plugin->table->evaluate == NULL)
        FAIL(TRALO_ERR_INPUT,
             "%s was made for version %d of the interface of plugins, this tralo has %d", o->file,
             plugin->table->abi, (int)TRALO_PLUGIN_ABI);
out:
    return code;
}

static int allocate(plugin_t *plugin)
{
    int code = TRALO_OK;
    const space_t *space = plugin->setup.space;
    int64_t first = 0;
    ALLOC(plugin->values, space->count);
    ALLOC(plugin->parameters, space->parameters);
    for (int k = 0; k < space->parameters; first += space->list[k++].count)
        plugin->parameters[k] =
            (tralo_parameter_t){space->list[k].name, first, space->list[k].count};
out:
    return code;
}

static int open_state(plugin_t *plugin)
{
    int code = TRALO_OK;
    const options_t *o = plugin->setup.options;
    const tralo_plugin_setup_t setup = {.comm = comm_mpi(plugin->setup.ranks),
                                        .group = plugin->setup.group,
                                        .groups = plugin->setup.groups,
                                        .parameters = plugin->setup.space->parameters,
                                        .parameter = plugin->parameters,
                                        .values = plugin->setup.space->count,
                                        .argument = o->argument != NULL ? o->argument : "",
                                        .directory = o->common.directory,
                                        .message = plugin->message,
                                        .message_size = sizeof plugin->message};
    plugin->message[0] = '\0';
    if (plugin->table->open != NULL && plugin->table->open(&setup, &plugin->state) != 0)
        FAIL(TRALO_ERR_FILE, "the plugin %s cannot begin%s%.300s", o->file,
             plugin->message[0] != '\0' ? ": " : "", plugin->message);
out:
    return code;
}

static void destroy(void **work)
{
    plugin_t *plugin = *work;
    if (plugin == NULL)
        return;
    if (plugin->opened && plugin->table->close != NULL)
        plugin->table->close(plugin->state);
    if (plugin->object != NULL)
        dlclose(plugin->object);
    mem_free(&plugin->values);
    mem_free(&plugin->parameters);
    mem_free(work);
}

static int prepare(plugin_t *plugin)
{
    int code = TRALO_OK;
    TRY(load(plugin));
    TRY(allocate(plugin));
out:
    return code;
}

static int create(const oracle_setup_t *setup, void **work)
{
    int code = TRALO_OK;
    plugin_t *plugin = NULL;
    TRY(comm_agree(setup->ranks, mem_alloc(1, sizeof *plugin, &plugin)));
    plugin->setup = *setup;
    TRY(comm_agree(setup->ranks, prepare(plugin)));
    TRY(comm_agree(setup->ranks, open_state(plugin)));
    plugin->opened = true;
    *work = plugin;
    plugin = NULL;
out:
    destroy((void **)&plugin);
    return code;
}

/* ---- one trial --------------------------------------------------------------------------------
 */

static int begin(void *work, const oracle_trial_t *trial)
{
    plugin_t *plugin = work;
    memcpy(plugin->values, trial->values,
           (size_t)plugin->setup.space->count * sizeof *plugin->values);
    plugin->trial = *trial;
    plugin->trial.values = plugin->values;
    return TRALO_OK;
}

static int stop(void *control)
{
    plugin_t *plugin = control;
    plugin->given_up = plugin->given_up || plugin->setup.stop(plugin->setup.argument);
    plugin->late = plugin->late || clock_seconds() > plugin->until;
    return plugin->given_up || plugin->late;
}

/* On all ranks of the group: did it succeed on each? */
static int evaluate(plugin_t *plugin, double *value)
{
    const tralo_plugin_trial_t trial = {.number = plugin->trial.number,
                                        .seed = plugin->trial.draw,
                                        .fidelity = 1.0,
                                        .values = plugin->trial.values,
                                        .stop = stop,
                                        .control = plugin,
                                        .message = plugin->message,
                                        .message_size = sizeof plugin->message};
    int code = TRALO_OK;
    const double limit = ((const options_t *)plugin->setup.options)->common.time_limit;
    *value = NAN;
    plugin->until = limit > 0.0 ? clock_seconds() + limit : INFINITY;
    plugin->given_up = plugin->late = false;
    plugin->message[0] = '\0';
    const int status = plugin->table->evaluate(plugin->state, &trial, value);
    plugin->message[MESSAGE_SIZE - 1] = '\0';
    if (status != 0)
        code = error_raise(TRALO_ERR_EVALUATION, "the plugin gave up with %d%s%s%s", status,
                           plugin->late ? " after the time limit" : "",
                           plugin->message[0] != '\0' ? ": " : "", plugin->message);
    return comm_agree(plugin->setup.ranks, code);
}

static int poll(void *work, oracle_answer_t *answer, bool *done)
{
    plugin_t *plugin = work;
    double value;
    const bool good = evaluate(plugin, &value) == TRALO_OK;
    *done = true;
    *answer = (oracle_answer_t){
        .valid = good && isfinite(value), .stopped = !good && plugin->given_up, .value = value};
    if (!good)
        snprintf(answer->failure, sizeof answer->failure, "%.500s", tralo_error_message());
    else if (!answer->valid)
        snprintf(answer->failure, sizeof answer->failure, "the value of the plugin is %g", value);
    return TRALO_OK;
}

const oracle_kind_t oracle_plugin = {
    .name = "plugin",
    .doc = "a shared object, on groups of ranks",
    .params = params,
    .options_size = sizeof(options_t),
    .unstoppable = true,
    .check = check,
    .create = create,
    .begin = begin,
    .poll = poll,
    .destroy = destroy,
};
