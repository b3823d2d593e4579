/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/picture.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

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

/* SIGPIPE, from a gnuplot that is not there or gives up, would end the program without a word. */
int picture_begin(const char *path, int width, int height, picture_t *picture)
{
    int code = TRALO_OK;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    *picture = (picture_t){.path = path};
    TRY(picture_check(path));
    sigaction(SIGPIPE, &ignore, &picture->before);
    picture->script = popen("gnuplot >/dev/null", "w");
    if (picture->script == NULL) {
        sigaction(SIGPIPE, &picture->before, NULL);
        FAIL(TRALO_ERR_FILE, "gnuplot cannot be started: %s", strerror(errno));
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
    if (picture->script == NULL)
        return TRALO_OK;
    const int status = pclose(picture->script);
    picture->script = NULL;
    sigaction(SIGPIPE, &picture->before, NULL);
    if (status == 0)
        return TRALO_OK;
    return error_raise(TRALO_ERR_FILE,
                       "%s: gnuplot could not draw it (is it installed? Debian: gnuplot-nox)",
                       picture->path);
}

void picture_text(const picture_t *picture, const char *text)
{
    fputc('\'', picture->script);
    for (; *text != '\0'; text++)
        fputc(*text == '\'' || (unsigned char)*text < ' ' ? ' ' : *text, picture->script);
    fputc('\'', picture->script);
}
