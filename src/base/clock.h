/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds on a clock that only goes forward, from an arbitrary zero. */
double clock_seconds(void);

/* Sleeps, shorter when a signal comes. */
void clock_sleep(double seconds);

/* Waits between two looks at something that takes from milliseconds to hours: a fiftieth of what
   was waited so far, *waited, which starts as 0; at most 20 ms. */
void clock_nap(double *waited);

/* Seconds that this thread has had a processor: other programs on the machine do not lengthen them.
 */
double clock_processor(void);

#endif
