/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/files.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "data/build.h"

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* The names [count] behind those that are there. */
static int append(files_t *files, int64_t count, const char *const *names)
{
    int code = TRALO_OK;
    char **paths = NULL;
    ALLOC(paths, files->count + count);
    for (int f = 0; f < files->count; f++)
        paths[f] = files->paths[f];
    mem_free(&files->paths);
    files->paths = paths;
    for (int64_t i = 0; i < count; i++, files->count++)
        TRY(mem_string(names[i], &files->paths[files->count]));
out:
    return code;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int append_matches(files_t *files, const char *pattern)
{
    int code = TRALO_OK;
    glob_t found = {0};
    int failed = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (failed == GLOB_NOSPACE)
        FAIL(TRALO_ERR_MEMORY, "no memory for the files that match %s", pattern);
    if (failed != 0)
        FAIL(TRALO_ERR_FILE, "%s: no file matches", pattern);
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_bytes);
    TRY(append(files, (int64_t)found.gl_pathc, (const char *const *)found.gl_pathv));
out:
    globfree(&found);
    return code;
}

static int append_name(files_t *files, const char *name)
{
    bool pattern = strpbrk(name, "*?[") != NULL && !exists(name);
    return pattern ? append_matches(files, name) : append(files, 1, &name);
}

typedef struct identity {
    dev_t device;
    ino_t node;
    int file;
} identity_t;

static int by_identity(const void *a, const void *b)
{
    const identity_t *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->file - y->file;
}

/* A row that counts twice would be predicted from itself. */
static int check_twice(const files_t *files)
{
    int code = TRALO_OK, count = 0;
    identity_t *each = NULL;
    struct stat status;
    ALLOC(each, files->count);
    for (int f = 0; f < files->count; f++)
        if (stat(files->paths[f], &status) == 0)
            each[count++] = (identity_t){status.st_dev, status.st_ino, f};
    qsort(each, (size_t)count, sizeof *each, by_identity);
    for (int i = 1; i < count; i++)
        if (each[i].device == each[i - 1].device && each[i].node == each[i - 1].node)
            FAIL(TRALO_ERR_INPUT, "%s: this file is given twice, also as %s",
                 files->paths[each[i].file], files->paths[each[i - 1].file]);
out:
    mem_free(&each);
    return code;
}

int files_find(const files_names_t *names, files_t **out)
{
    int code = TRALO_OK;
    files_t *files = NULL;
    ALLOC(files, 1);
    for (int i = 0; i < names->count; i++)
        TRY(append_name(files, names->names[i]));
    TRY(check_twice(files));
    ALLOC(files->parts, files->count);
    *out = files;
    files = NULL;
out:
    files_free(&files);
    return code;
}

int files_spare(const char *output, const files_names_t *names, const char *what)
{
    int code = TRALO_OK;
    files_t *files = NULL;
    ALLOC(files, 1);
    for (int i = 0; i < names->count; i++) {
        code = append_name(files, names->names[i]);
        if (code == TRALO_ERR_FILE)
            continue;
        TRY(code);
    }
    code = TRALO_OK;
    for (int f = 0; f < files->count; f++) {
        const path_use_t used = {files->paths[f], what};
        TRY(path_spare(output, 1, &used));
    }
out:
    files_free(&files);
    return code;
}

static int create(int count, files_t **out)
{
    int code = TRALO_OK;
    files_t *files = NULL;
    ALLOC(files, 1);
    ALLOC(files->paths, count);
    ALLOC(files->parts, count);
    files->count = count;
    *out = files;
    files = NULL;
out:
    files_free(&files);
    return code;
}

int files_share(comm_t *comm, files_t **files)
{
    int code = TRALO_OK;
    bool first = comm_rank(comm) == 0;
    int64_t count = first ? (*files)->count : 0;
    comm_share(comm, &count, sizeof count, 0);
    TRY(comm_agree(comm, first ? TRALO_OK : create((int)count, files)));
    TRY(data_share_texts(comm, (*files)->paths, count));
    comm_share(comm, (*files)->parts, count * (int64_t)sizeof *(*files)->parts, 0);
out:
    return code;
}

void files_free(files_t **files)
{
    files_t *all = *files;
    if (all == NULL)
        return;
    for (int f = 0; f < all->count; f++)
        mem_free(&all->paths[f]);
    mem_free(&all->paths);
    mem_free(&all->parts);
    mem_free(files);
}

void files_title(const files_t *files, char *text, size_t size)
{
    if (files->count == 1)
        snprintf(text, size, "%s", files->paths[0]);
    else
        snprintf(text, size, "%s and %d more file%s", files->paths[0], files->count - 1,
                 files->count > 2 ? "s" : "");
}

files_piece_t files_piece(const files_t *files, int64_t row, int64_t count)
{
    int low = 0, high = files->count - 1;
    while (low <
           high) { /* the last file that begins at or before the row: none of these is empty */
        int middle = (low + high + 1) / 2;
        if (files->parts[middle].first <= row)
            low = middle;
        else
            high = middle - 1;
    }
    const files_part_t *part = &files->parts[low];
    int64_t first = row - part->first, left = part->rows - first;
    return (files_piece_t){low, first, count < left ? count : left};
}
