/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds on a clock that only goes forward, from an arbitrary zero. */
double clock_seconds(void);

/* Sleeps, shorter when a signal comes. */
void clock_sleep(double seconds);

/* Waits between two looks at something that takes from milliseconds to hours: *length starts as 0,
   and grows from one to the next, to 20 ms. */
void clock_nap(double *length);

/* Seconds that this thread has had a processor: other programs on the machine do not lengthen them.
 */
double clock_processor(void);

#endif
