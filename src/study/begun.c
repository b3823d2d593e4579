/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines "+NUMBER" where a trial begins, "-NUMBER" where it has ended. */
#include "study/begun.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/* A trial that was begun. */
typedef struct suspect {
    int64_t number;
    int times; /* more often than it ended */
} suspect_t;

struct begun {
    char *path; /* owned */
    FILE *file;
    suspect_t *suspects; /* owned [room], of earlier runs */
    int count, room;
};

static suspect_t *find(const begun_t *begun, int64_t number)
{
    for (int i = 0; begun != NULL && i < begun->count; i++)
        if (begun->suspects[i].number == number)
            return &begun->suspects[i];
    return NULL;
}

static int add(begun_t *begun, int64_t number, suspect_t **out)
{
    int code = TRALO_OK;
    suspect_t *larger = NULL;
    if (begun->count == begun->room) {
        const int room = 2 * begun->room + 16;
        ALLOC(larger, room);
        if (begun->count > 0)
            memcpy(larger, begun->suspects, (size_t)begun->count * sizeof *larger);
        mem_free(&begun->suspects);
        begun->suspects = larger;
        begun->room = room;
    }
    *out = &begun->suspects[begun->count++];
    **out = (suspect_t){.number = number};
out:
    return code;
}

static int read_line(begun_t *begun, const char *line)
{
    int code = TRALO_OK;
    char *end = NULL;
    const int64_t number = strtoll(line + 1, &end, 10);
    suspect_t *suspect = find(begun, number);
    if (end == line + 1 || *end != '\n')
        return code; /* it was cut */
    if (suspect == NULL)
        TRY(add(begun, number, &suspect));
    suspect->times += line[0] == '+' ? 1 : -1;
    if (suspect->times == 0) /* it ended, and makes room for others */
        *suspect = begun->suspects[--begun->count];
out:
    return code;
}

static int read_all(begun_t *begun)
{
    int code = TRALO_OK;
    char line[64];
    while (fgets(line, sizeof line, begun->file) != NULL)
        TRY(read_line(begun, line));
out:
    return code;
}

static int open_file(begun_t *begun, bool again)
{
    begun->file = fopen(begun->path, again ? "a+" : "w+");
    if (begun->file == NULL)
        return error_raise(TRALO_ERR_FILE, "cannot open %s: %s", begun->path, strerror(errno));
    rewind(begun->file);
    return read_all(begun);
}

static void release(begun_t **begun)
{
    if (*begun == NULL)
        return;
    if ((*begun)->file != NULL)
        fclose((*begun)->file);
    mem_free(&(*begun)->path);
    mem_free(&(*begun)->suspects);
    mem_free(begun);
}

int begun_open(const char *output, bool again, begun_t **out)
{
    int code = TRALO_OK;
    begun_t *begun = NULL;
    text_t path = {0};
    ALLOC(begun, 1);
    TRY(text_add(&path, "%s.begun", output));
    begun->path = path.data;
    path.data = NULL;
    TRY(open_file(begun, again));
    *out = begun;
    begun = NULL;
out:
    mem_free(&path.data);
    release(&begun);
    return code;
}

void begun_close(begun_t **begun)
{
    if (*begun != NULL)
        unlink((*begun)->path);
    release(begun);
}

int begun_before(const begun_t *begun, int64_t number)
{
    const suspect_t *suspect = find(begun, number);
    return suspect != NULL ? suspect->times : 0;
}

void begun_report(const begun_t *begun)
{
    for (int i = 0; begun != NULL && i < begun->count; i++)
        log_info("resume  trial %" PRId64 " was begun in %d run%s that ended",
                 begun->suspects[i].number, begun->suspects[i].times,
                 begun->suspects[i].times == 1 ? "" : "s");
}

void begun_note(begun_t *begun, int64_t number, bool ended)
{
    if (begun != NULL && fprintf(begun->file, "%c%" PRId64 "\n", ended ? '-' : '+', number) > 0)
        fflush(begun->file);
}
