/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* pipe2, posix_spawn_file_actions_addclosefrom_np */
#include "study/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), more = strlen(end);
    return length > more && strcmp(path + length - more, end) == 0;
}

int picture_check(const char *path)
{
    int code = TRALO_OK;
    if (!ends_with(path, ".svg") && !ends_with(path, ".png"))
        FAIL(TRALO_ERR_INPUT, "%s: the picture must be a .svg or a .png", path);
    if (strpbrk(path, "'\n") != NULL)
        FAIL(TRALO_ERR_INPUT, "%s: the name of the picture has a quote in it", path);
out:
    return code;
}

/* gnuplot with `input` as its standard input, and with no other file of this process but standard
   error. errno, or 0. */
static int spawn(int input, pid_t *out)
{
    static char name[] = "gnuplot";
    char *const arguments[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    int bad = posix_spawn_file_actions_init(&actions);
    if (bad != 0)
        return bad;
    bad = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (bad == 0)
        bad = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (bad == 0)
        bad = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (bad == 0)
        bad = posix_spawnp(out, name, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return bad;
}

/* gnuplot, which does what is written to picture->script. errno, or 0. */
static int start(picture_t *picture)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    picture->script = fdopen(ends[1], "w");
    int bad = picture->script == NULL ? errno : spawn(ends[0], &picture->gnuplot);
    close(ends[0]);
    if (bad == 0)
        return 0;
    if (picture->script == NULL)
        close(ends[1]);
    else
        fclose(picture->script);
    picture->script = NULL;
    return bad;
}

/* SIGPIPE, from a gnuplot that gives up, would end the program without a word; where whoever
   started the program ignores SIGCHLD, how gnuplot ended would not be known. */
static void take_signals(picture_t *picture)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}, normal = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &ignore, &picture->pipe);
    sigaction(SIGCHLD, &normal, &picture->child);
}

static void give_signals_back(const picture_t *picture)
{
    sigaction(SIGPIPE, &picture->pipe, NULL);
    sigaction(SIGCHLD, &picture->child, NULL);
}

int picture_begin(const char *path, int width, int height, picture_t *picture)
{
    int code = TRALO_OK;
    *picture = (picture_t){.path = path};
    TRY(picture_check(path));
    take_signals(picture);
    const int bad = start(picture);
    if (bad != 0) {
        give_signals_back(picture);
        FAIL(TRALO_ERR_FILE, "%s: gnuplot cannot be started: %s (Debian: gnuplot-nox)", path,
             strerror(bad));
    }
    const bool svg = ends_with(path, ".svg");
    fprintf(picture->script, "set terminal %s size %d,%d font 'sans,%d'%s\nset output '%s'\n",
            svg ? "svg" : "pngcairo", width, height, svg ? 16 : 12,
            svg ? " background 'white'" : "", path);
out:
    return code;
}

int picture_end(picture_t *picture)
{
    int status = 0;
    pid_t ended;
    if (picture->script == NULL)
        return TRALO_OK;
    const bool taken = fclose(picture->script) == 0;
    picture->script = NULL;
    while ((ended = waitpid(picture->gnuplot, &status, 0)) < 0 && errno == EINTR)
        ;
    give_signals_back(picture);
    if (ended == picture->gnuplot && status == 0 && taken)
        return TRALO_OK;
    return error_raise(TRALO_ERR_FILE, "%s: gnuplot could not draw it: it ended with %s %d",
                       picture->path, WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void picture_text(const picture_t *picture, const char *text)
{
    fputc('\'', picture->script);
    for (; *text != '\0'; text++)
        fputc(*text == '\'' || (unsigned char)*text < ' ' ? ' ' : *text, picture->script);
    fputc('\'', picture->script);
}
