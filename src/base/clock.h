/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds on a clock that only goes forward, from an arbitrary zero. */
double clock_seconds(void);

/* Seconds that this thread has had a processor: other programs on the machine do not lengthen them.
 */
double clock_processor(void);

#endif
