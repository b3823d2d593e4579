/* SPDX-License-Identifier: BSD-3-Clause */
/* What an algorithm costs, in the units in which machines differ: counted as it runs, and promised
   by the formula that every form has beside its formula of memory. Not collective. */
#ifndef BASE_WORK_H
#define BASE_WORK_H

typedef enum work_kind {
    /* flops */
    WORK_PANEL,  /* of products of panels of rows with matrices: in cache, at the rate of DGEMM */
    WORK_WHOLE,  /* of factors and inverses of matrices that a rank has whole */
    WORK_SHARED, /* of matrices that the ranks share by columns, their messages included */
    WORK_PASS,   /* of products with vectors, also of entries with many side by side, or 2 for each
                    number of another pass: at the rate of memory, where matrices are large */
    /* entries of a sparse X */
    WORK_ENTRY, /* in products with vectors */
    WORK_PAIR,  /* two of a row, in sums and forms of rows */
    /* rows */
    WORK_ROW,   /* for which a loss and its derivatives, or what follows from them, are found;
                   columns with a penalty's (of all outputs), pairs of rows with a kernel's */
    WORK_BLOCK, /* the same with a matrix of outputs x outputs for each */
    /* bytes */
    WORK_READ, /* of an X on disk, by passes over it, while all else goes on */
    /* steps, which cost what the formula of a form says */
    WORK_MOVE,    /* of the training problem to another point */
    WORK_FACTOR,  /* of its Hessian */
    WORK_SOLVE,   /* with its Hessian */
    WORK_PRODUCT, /* of its Hessian with a vector, by a form that iterates */
    WORK_KINDS
} work_kind_t;

typedef struct work {
    double amount[WORK_KINDS]; /* of a process as counted; by formulas over all ranks */
    double calls, bytes;       /* collective calls, and what the rank that gives most (the first)
                                  gives to them; comm_counters has them as counted */
} work_t;

/* What a rank does in a second, and what messages take. */
typedef struct work_rates {
    double amount[WORK_MOVE]; /* of each kind of work that takes time */
    double latency;           /* seconds of a small sum over `ranks` ranks */
    double bandwidth;         /* bytes per second in and out of a rank in a large one */
    int ranks;                /* on which messages were measured; 2 where they are given */
} work_rates_t;

/* What the choice of an algebra and a plan without measurements take for granted. */
extern const work_rates_t work_typical;

void work_count(work_kind_t kind, double amount);
work_t work_counted(void); /* by this process so far, but for calls and bytes */
void work_reset(void);

/* sum += times what. */
void work_add(work_t *sum, const work_t *what, double times);

/* The same for `times` collective calls of so many bytes each, or sums of so many numbers. */
void work_share(work_t *sum, double times, double bytes);
void work_sum(work_t *sum, double times, double numbers);

/* Seconds of some work, over all ranks, on so many ranks: what reading takes, or all else. */
double work_seconds(const work_rates_t *rates, const work_t *work, double ranks);

#endif
