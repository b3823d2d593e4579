/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the command `plan`: what it found, and how it is shown. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include <jansson.h>

#include "study/plan.h"
#include "study/plan_kinds.h"

enum { PLAN_ROWS = 32 };

/* One line of a table: a plan for some of the rows, or on some of the ranks. */
typedef struct plan_table {
    int count;
    struct {
        int64_t n, ranks; /* ranks 0: it fits on none */
        plan_t plan;
    } rows[PLAN_ROWS];
} plan_table_t;

/* Trials of a program or plug-in, of which a plan knows how many there are. */
typedef struct plan_trials {
    const char *oracle;
    int parameters;
    int64_t ranks, node_ranks; /* asked for; 0: as many as one step has trials for */
    double seconds;            /* of a trial; 0: not known */
    plan_search_t search;
    plan_groups_t groups;
} plan_trials_t;

/* Prints the plan, or writes it as JSON as plan_json below does; path NULL: not. Errors as there.
 */
int plan_trials_show(const plan_trials_t *trials, const char *path);

typedef struct plan_report {
    plan_request_t request;
    plan_search_t search;     /* of request */
    plan_groups_t groups;     /* of request */
    int64_t ranks;            /* that the job lines are for */
    int64_t least_ranks;      /* that fit, 0: none */
    int64_t least_on_disk;    /* the same with X there */
    int64_t most_ranks;       /* that were tried for it */
    int64_t node_ranks;       /* on a node */
    int64_t node_memory;      /* of a node; 0: not known */
    const char *reading_from; /* where the rate of reading was measured; NULL: it is given */
    /* where only that fits, by_ranks is a second time with X on disk; on_the_way where fewer
       ranks do */
    plan_table_t by_ranks, by_algebra, on_the_way;
} plan_report_t;

/* Fills the rest of the report, for so many ranks (0: as many as it takes). Errors: as plan_make.
 */
int plan_find(int64_t asked, plan_report_t *report);

/* The line on a search by values. */
void plan_search_print(const plan_search_t *search);
json_t *plan_search_json(const plan_search_t *search);

void plan_print(const plan_report_t *report);

/* Writes root, which it takes over. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY (root is NULL). */
int plan_write(json_t *root, const char *path);

/* To a file, or "-". Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int plan_json(const plan_report_t *report, const char *path);

enum { PLAN_JOB_LINES = 8, PLAN_JOB_LINE = 128 };

/* The lines for so many ranks; what is 0 is left out. Returns how many. */
typedef struct plan_lines {
    int64_t ranks, each; /* in all and on a node */
    int threads;
    double megabytes, seconds; /* of a node; that the study takes */
} plan_lines_t;
int plan_job_lines(const plan_lines_t *job, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE]);

/* The lines for a job script; returns how many. */
int plan_job(const plan_report_t *report, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE]);

#endif
