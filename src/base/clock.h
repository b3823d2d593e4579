/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds on a clock that only goes forward, from an arbitrary zero. */
double clock_seconds(void);

#endif
