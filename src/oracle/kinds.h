/* SPDX-License-Identifier: BSD-3-Clause */
/* Oracles that give a value for values of named parameters, whatever they do for it. Their table;
   what a criterion on data is has its own, richer interface in oracle.h.

   Whoever holds an oracle evaluates one trial at a time. That is one rank, or a group of ranks, all
   of which call each function at the same time; several groups may each hold one of the same study.
 */
#ifndef ORACLE_KINDS_H
#define ORACLE_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"
#include "comm/comm.h"
#include "oracle/space.h"

/* Rank 0: does it evaluate too, or only deal the trials? */
enum { ORACLE_WORKER, ORACLE_DEDICATED };
extern const char *const oracle_driver_names[]; /* NULL-terminated */

/* What the options of every oracle begin with. Paths are absolute. */
typedef struct oracle_common {
    char *directory; /* where programs start; NULL until the config fills in its own folder */
    char *folder;    /* scratch: a folder in it for each trial; NULL until then: OUTPUT.trials */
    int64_t groups, ranks_per_group; /* at most one is not 0; both 0: groups of one rank each */
    double time_limit;               /* seconds of a trial, or of one run of its program; 0: none */
    double grace;                    /* and how many more it has to end once it was told to */
    int driver;
    bool ahead; /* idle groups evaluate what the search may ask for next */
} oracle_common_t;

typedef struct oracle_setup {
    const void *options; /* borrowed, as space: they outlive the oracle */
    const space_t *space;
    comm_t *ranks;                /* of this group; borrowed */
    int group, groups;            /* this is number `group`, from 0, of `groups` */
    bool (*stop)(void *argument); /* asked often while a trial runs: is it to be given up? The word
                                     of the first rank of a group counts */
    void *argument;
} oracle_setup_t;

typedef struct oracle_trial {
    int64_t number;       /* from 1, its own in the study */
    int64_t draw;         /* trials of the same draw are to use the same random numbers */
    const double *values; /* [S] */
    int64_t guess; /* 0: the search has asked for it; else it may yet, and there may be others
                      of the same number, not of the same guess */
} oracle_trial_t;

typedef struct oracle_answer {
    bool valid;        /* there is a finite value */
    bool stopped;      /* it was given up because of `stop`: no outcome at all */
    char failure[512]; /* why there is none */
    double value;
    int64_t inner_iterations, products; /* that it took, of a criterion */
} oracle_answer_t;

/* A row of the table. */
typedef struct oracle_kind {
    const char *name;
    const char *doc;
    const param_t *params; /* options, read from the config's `oracle` section */
    size_t options_size;
    bool unstoppable; /* a trial ends by itself alone: one that does not, after time and grace, can
                         be ended with the whole program only */
    /* Do the options suit the parameters? Errors: TRALO_ERR_INPUT, "OPTION: what is wrong". */
    int (*check)(const void *options, const space_t *space);
    /* Readies the study's scratch folder; on one rank, once; `again`: trials of the same study may
       have left something there. NULL: there is no such folder. Errors: TRALO_ERR_FILE,
       TRALO_ERR_INPUT (it is not empty). */
    int (*prepare)(const void *options, bool again);
    /* Errors are the same on all ranks of the group, as those below. */
    int (*create)(const oracle_setup_t *setup, void **work);
    /* Begins a trial, which is borrowed for the call; poll looks after it until *done, when the
       answer is filled. One at a time. What goes wrong inside a trial is an outcome; errors
       (TRALO_ERR_FILE, TRALO_ERR_MEMORY), which end it, are what no other trial would survive
       either. */
    int (*begin)(void *work, const oracle_trial_t *trial);
    int (*poll)(void *work, oracle_answer_t *answer, bool *done);
    /* On rank 0, of a trial that was a guess, and has ended: was it used? Then what it left is that
       of the trial with this number, else nobody's. NULL: it leaves nothing. */
    void (*settle)(const void *options, int64_t number, int64_t guess, bool used);
    void (*destroy)(void **work);
} oracle_kind_t;

extern const oracle_kind_t *const oracle_kinds[];   /* NULL-terminated */
const oracle_kind_t *oracle_find(const char *name); /* NULL: no such oracle */

/* Begins a trial and waits for its answer. */
int oracle_run(const oracle_kind_t *kind, void *work, const oracle_trial_t *trial,
               oracle_answer_t *answer);

/* How many groups so many ranks that evaluate make, if so many of them, or of ranks for each, are
   asked for: at most one is not 0. */
int64_t oracle_groups(int64_t groups, int64_t ranks_per_group, int64_t ranks);

/* At most one of groups and ranks_per_group is given. Errors: TRALO_ERR_INPUT. */
int oracle_check_groups(const void *options, const space_t *space);

extern const oracle_kind_t oracle_command;
extern const oracle_kind_t oracle_criterion;
extern const oracle_kind_t oracle_plugin;

#endif
