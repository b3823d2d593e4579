/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRITERION_ALO_OPTIONS_H
#define CRITERION_ALO_OPTIONS_H

/* What `alo` reads from the config, for one output and for several. */
typedef struct alo_options {
    char *loss;   /* that judges a row; NULL: the training loss */
    int whitened; /* one output: hold the whitened rows or not */
    int algebra;  /* the general form, or the quickest that suits */
} alo_options_t;

#endif
