/* SPDX-License-Identifier: BSD-3-Clause */
/* An oracle of one's own, in a shared object: `oracle: {kind: plugin, file: libmine.so}`. It says
   what values of the parameters are worth; it may be an MPI program, on all ranks of its group.

   The object exports one symbol, `tralo_plugin`. Every rank loads it once; a group of ranks has a
   state, and evaluates one trial after the other. All its ranks call each function at the same
   time, with the same arguments. What it is to be linked with is MPI, if it uses that, and nothing
   of tralo's. configs/plugin.c is an example. */
#ifndef TRALO_PLUGIN_H
#define TRALO_PLUGIN_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TRALO_PLUGIN_ABI = 1 };

typedef struct tralo_parameter {
    const char *name;
    int64_t first; /* where its values begin in those of a trial */
    int64_t count; /* of its values: 1, or the length of a vector */
} tralo_parameter_t;

/* What is the same for all trials. All borrowed: the parameters and texts live until `close`. */
typedef struct tralo_plugin_setup {
    MPI_Comm comm; /* the ranks of this group; the plugin's own until `close`, not to be freed */
    int group, groups; /* which group this is, from 0, of how many */
    int parameters;
    const tralo_parameter_t *parameter; /* [parameters] */
    int64_t values;                     /* of all parameters */
    const char *argument;               /* `argument` of the config; "" */
    const char *directory;              /* folder of the config */
    char *message;                      /* [message_size] why `open` failed; "" */
    size_t message_size;
} tralo_plugin_setup_t;

/* All borrowed for the call. */
typedef struct tralo_plugin_trial {
    int64_t number;       /* from 1, its own in the study */
    int64_t seed;         /* the same seed asks for the same random numbers */
    double fidelity;      /* 1: the whole of it; below, where a search asks for less: a share */
    const double *values; /* [values] of the parameters, within their bounds */
    int (*stop)(void *control); /* not 0: the search is to end, and a trial that gives up now (an
                                   error) has not been; or the time limit is over, when a
                                   value still counts. To be asked on
                                   the first rank of the group, often, since the program's first
                                   rank deals trials to the other groups in it; or never: then a
                                   search ends after the trial, and a limit ends the run */
    void *control;
    char *message; /* [message_size] why there is no value; "" */
    size_t message_size;
} tralo_plugin_trial_t;

typedef struct tralo_plugin {
    int abi; /* TRALO_PLUGIN_ABI */
    /* Makes the state of this group. Not 0: an error, which ends the study. NULL: there is none. */
    int (*open)(const tralo_plugin_setup_t *setup, void **state);
    /* The value to be minimised, which is that of the group's first rank. Not 0 on any rank, or a
       value that is not finite: this trial has none, and the search goes on without it. */
    int (*evaluate)(void *state, const tralo_plugin_trial_t *trial, double *value);
    void (*close)(void *state); /* NULL: nothing to do */
} tralo_plugin_t;

extern __attribute__((visibility("default"))) const tralo_plugin_t tralo_plugin;

#ifdef __cplusplus
}
#endif
#endif
