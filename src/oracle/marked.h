/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes by a variable of the environment that they began with: so are those of a trial found
   that have left its process group, as `timeout`, `setsid` and daemons do. Linux, by /proc; none
   elsewhere. Not collective. */
#ifndef ORACLE_MARKED_H
#define ORACLE_MARKED_H

/* Sends a signal to every process that began with `variable`, "NAME=value", and may be sent one;
   how many. Cost: the environment of every process of this user is read. */
int marked_kill(const char *variable, int signal);

#endif
