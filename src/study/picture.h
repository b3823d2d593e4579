/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures by gnuplot: a script that is piped into it. Rank 0 alone; nothing here is collective. */
#ifndef STUDY_PICTURE_H
#define STUDY_PICTURE_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct picture {
    FILE *script; /* what is written here gnuplot does; NULL: it is not open */
    const char *path;
    pid_t gnuplot;
    struct sigaction pipe, child; /* of SIGPIPE and SIGCHLD, before */
} picture_t;

/* Can `path` be drawn? Errors: TRALO_ERR_INPUT (not .svg or .png, a quote in it). */
int picture_check(const char *path);

/* Starts gnuplot on a picture of that width and height in pixels; path is borrowed until the end.
   Errors: those of picture_check, TRALO_ERR_FILE (no gnuplot). */
int picture_begin(const char *path, int width, int height, picture_t *picture);

/* Waits until it is drawn; nothing where it is not open. Errors: TRALO_ERR_FILE (gnuplot could
   not draw that). */
int picture_end(picture_t *picture);

/* A text as a gnuplot string: '...', without what would end it. */
void picture_text(const picture_t *picture, const char *text);

#endif
