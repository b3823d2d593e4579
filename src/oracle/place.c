/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* nftw */
#include "oracle/place.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

static const char guess_mark[] = ".ahead"; /* between the numbers of trial and guess */

static int make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return TRALO_OK;
    return error_raise(TRALO_ERR_FILE, "cannot make the folder %s: %s", path, strerror(errno));
}

static int name_file(const char *folder, const char *name, char **out)
{
    int code = TRALO_OK;
    text_t path = {0};
    TRY(text_add(&path, "%s/%s", folder, name));
    *out = path.data;
    path.data = NULL;
out:
    mem_free(&path.data);
    return code;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* A folder that is to be empty is not. */
static int refuse(const char *folder, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return TRALO_OK;
    return error_raise(TRALO_ERR_INPUT,
                       "the folder %s has something in it, as of trials of another run: remove it, "
                       "or give another oracle.folder",
                       folder);
}

static bool names_guess(const char *name)
{
    const size_t digits = strspn(name, "0123456789"), mark = sizeof guess_mark - 1;
    const char *rest = name + digits + mark;
    return digits >= 6 && strncmp(name + digits, guess_mark, mark) == 0 && *rest != '\0' &&
           rest[strspn(rest, "0123456789")] == '\0';
}

/* What a run that was killed left of a guess is nobody's. */
static int remove_guess(const char *folder, const char *name)
{
    int code = TRALO_OK;
    char *path = NULL;
    if (names_guess(name)) {
        TRY(name_file(folder, name, &path));
        remove_folder(path);
    }
out:
    mem_free(&path);
    return code;
}

int place_prepare(const void *options, bool again)
{
    int code = TRALO_OK;
    const oracle_common_t *common = options;
    DIR *folder = NULL;
    TRY(make_folder(common->folder));
    folder = opendir(common->folder);
    if (folder == NULL)
        FAIL(TRALO_ERR_FILE, "cannot open the folder %s (oracle.folder): %s", common->folder,
             strerror(errno));
    for (const struct dirent *at = readdir(folder); at != NULL; at = readdir(folder))
        TRY(again ? remove_guess(common->folder, at->d_name) : refuse(common->folder, at->d_name));
    if (access(common->folder, W_OK | X_OK) != 0)
        FAIL(TRALO_ERR_FILE, "cannot write to the folder %s (oracle.folder): %s", common->folder,
             strerror(errno));
    if (access(common->directory, X_OK) != 0)
        FAIL(TRALO_ERR_FILE, "programs cannot start in %s (oracle.directory): %s",
             common->directory, strerror(errno));
out:
    if (folder != NULL)
        closedir(folder);
    return code;
}

void place_leave(place_t *place)
{
    mem_free(&place->folder);
    mem_free(&place->parameters);
    mem_free(&place->value);
    mem_free(&place->output);
    mem_free(&place->error);
}

/* Of a trial: its number, and where it is a guess also which. */
static int name_folder(const oracle_common_t *common, int64_t number, int64_t guess, char **out)
{
    char name[64];
    if (guess == 0)
        snprintf(name, sizeof name, "%06" PRId64, number);
    else
        snprintf(name, sizeof name, "%06" PRId64 "%s%" PRId64, number, guess_mark, guess);
    return name_file(common->folder, name, out);
}

int place_enter(const oracle_common_t *common, const oracle_trial_t *trial, place_t *place)
{
    int code = TRALO_OK;
    TRY(name_folder(common, trial->number, trial->guess, &place->folder));
    TRY(make_folder(place->folder));
    TRY(name_file(place->folder, "parameters.json", &place->parameters));
    TRY(name_file(place->folder, "value", &place->value));
    TRY(name_file(place->folder, "stdout", &place->output));
    TRY(name_file(place->folder, "stderr", &place->error));
out:
    return code;
}

/* An earlier run may have left a folder of the number, whose trial had not ended. */
void place_settle(const void *options, int64_t number, int64_t guess, bool used)
{
    char *from = NULL, *to = NULL;
    if (name_folder(options, number, guess, &from) == TRALO_OK &&
        name_folder(options, number, 0, &to) == TRALO_OK) {
        if (used)
            remove_folder(to);
        if (!used)
            remove_folder(from);
        else if (rename(from, to) != 0)
            log_warn("trial %" PRId64 " left its files in %s: %s", number, from, strerror(errno));
    }
    mem_free(&from);
    mem_free(&to);
}
