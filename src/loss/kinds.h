/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOSS_KINDS_H
#define LOSS_KINDS_H

#include "loss/loss.h"

extern const loss_t loss_squared;
extern const loss_t loss_logistic;
extern const loss_t loss_poisson;
extern const loss_t loss_gamma;
extern const loss_t loss_negative_binomial;
extern const loss_t loss_huber;
extern const loss_t loss_pseudo_huber;
extern const loss_t loss_probit;
extern const loss_t loss_squared_hinge;
extern const loss_t loss_softmax;

/* What several rows share: y any number, or -1 or +1; the mean is u; the least loss is 0. */
bool loss_any_number(double y);
bool loss_label(double y);
void loss_identity_mean(const loss_t *loss, double u, double *m);
double loss_never_below_0(const loss_t *loss, double y);

#endif
