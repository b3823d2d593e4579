/* SPDX-License-Identifier: BSD-3-Clause */
/* SIGINT, SIGTERM and SIGUSR1 ask a study to end with what it has. Nothing here is collective:
   rank 0 decides. */
#ifndef STUDY_STOP_H
#define STUDY_STOP_H

#include <stdbool.h>

/* Forgets what was asked before and listens from now on. The handlers stay, but for that of SIGINT:
   a second one kills the process. */
void stop_listen(void);

bool stop_asked(void);

#endif
