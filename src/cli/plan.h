/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the command `plan`: what it found, and how it is shown. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "study/plan.h"

enum { PLAN_ROWS = 32 };

/* One line of a table: a plan for some of the rows, or on some of the ranks. */
typedef struct plan_table {
    int count;
    struct {
        int64_t n, ranks; /* ranks 0: it fits on none */
        plan_t plan;
    } rows[PLAN_ROWS];
} plan_table_t;

typedef struct plan_report {
    plan_request_t request;
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

void plan_print(const plan_report_t *report);

/* To a file, or "-". Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int plan_json(const plan_report_t *report, const char *path);

enum { PLAN_JOB_LINES = 8, PLAN_JOB_LINE = 128 };

/* The lines for a job script; returns how many. */
int plan_job(const plan_report_t *report, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE]);

#endif
