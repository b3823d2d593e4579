/* SPDX-License-Identifier: BSD-3-Clause */
/* Rank 0 packs everything that config_parse needs into one block of bytes, texts one after the
   other: name, folder, current folder, content, overrides. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "study/config.h"

enum { CONFIG_MAX = 1 << 22, HEADS = 4 };

static int read_text(const char *path, char **out)
{
    int code = TRALO_OK;
    char *text = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        FAIL(TRALO_ERR_FILE, "cannot open the config %s: %s", path, strerror(errno));
    ALLOC(text, CONFIG_MAX + 1);
    size_t size = fread(text, 1, CONFIG_MAX, file);
    if (ferror(file))
        FAIL(TRALO_ERR_FILE, "cannot read the config %s: %s", path, strerror(errno));
    if (size == CONFIG_MAX || strlen(text) != size)
        FAIL(TRALO_ERR_INPUT, "%s is not a config: it %s", path,
             size == CONFIG_MAX ? "is larger than 4 MiB" : "is not a text (zero byte)");
    *out = text;
    text = NULL;
out:
    if (file != NULL)
        fclose(file);
    mem_free(&text);
    return code;
}

/* folder [PATH_MAX] of the file `path`, absolute. */
static int folder_of(const char *path, char *folder)
{
    char copy[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (length >= sizeof copy)
        return error_raise(TRALO_ERR_FILE, "the path of the config is too long: %.200s...", path);
    memcpy(copy, path, length);
    copy[length] = '\0';
    if (realpath(length > 0 ? copy : ".", folder) == NULL)
        return error_raise(TRALO_ERR_FILE, "cannot find the folder of %s: %s", path,
                           strerror(errno));
    return TRALO_OK;
}

static int join(const char *const *texts, int count, char **out, int64_t *size)
{
    int code = TRALO_OK;
    char *bytes = NULL;
    int64_t total = 0, at = 0;
    for (int i = 0; i < count; i++)
        total += (int64_t)strlen(texts[i]) + 1;
    ALLOC(bytes, total);
    for (int i = 0; i < count; i++) {
        memcpy(bytes + at, texts[i], strlen(texts[i]) + 1);
        at += (int64_t)strlen(texts[i]) + 1;
    }
    *out = bytes;
    *size = total;
out:
    return code;
}

/* Rank 0: the block of bytes. */
static int pack(const char *path, int count, const char *const *overrides, char **out,
                int64_t *size)
{
    int code = TRALO_OK;
    char folder[PATH_MAX], here[PATH_MAX];
    char *text = NULL;
    const char **texts = NULL;
    TRY(read_text(path, &text));
    TRY(folder_of(path, folder));
    if (realpath(".", here) == NULL)
        FAIL(TRALO_ERR_FILE, "cannot find the current folder: %s", strerror(errno));
    ALLOC(texts, HEADS + count);
    texts[0] = path;
    texts[1] = folder;
    texts[2] = here;
    texts[3] = text;
    for (int i = 0; i < count; i++)
        texts[HEADS + i] = overrides[i];
    TRY(join(texts, HEADS + count, out, size));
out:
    mem_free(&texts);
    mem_free(&text);
    return code;
}

static int parse(const char *bytes, int count, config_t **out)
{
    int code = TRALO_OK;
    const char **texts = NULL;
    ALLOC(texts, HEADS + count);
    for (int i = 0; i < HEADS + count; i++) {
        texts[i] = bytes;
        bytes += strlen(bytes) + 1;
    }
    config_source_t source = {.name = texts[0],
                              .folder = texts[1],
                              .here = texts[2],
                              .text = texts[3],
                              .count = count,
                              .overrides = texts + HEADS,
                              .kinds = kinds_builtin()};
    TRY(config_parse(&source, out));
out:
    mem_free(&texts);
    return code;
}

/* Rank 0: the output is neither the config nor the data, which it would replace. */
static int spare_inputs(const config_t *config, const char *path)
{
    int code = TRALO_OK;
    const path_use_t used = {path, "the config"};
    const files_names_t data = config_files(config);
    TRY(path_spare(config->output, 1, &used));
    TRY(files_spare(config->output, &data, "the data (data.file)"));
out:
    return code;
}

int config_read(comm_t *comm, const char *path, int count, const char *const *overrides,
                config_t **out)
{
    int code = TRALO_OK;
    int64_t sizes[2] = {0, count};
    char *bytes = NULL;
    config_t *config = NULL;
    bool first = comm_rank(comm) == 0;
    TRY(comm_agree(comm, first ? pack(path, count, overrides, &bytes, &sizes[0]) : TRALO_OK));
    comm_share(comm, sizes, sizeof sizes, 0);
    TRY(comm_agree(comm, first ? TRALO_OK : mem_alloc(sizes[0], 1, &bytes)));
    comm_share(comm, bytes, sizes[0], 0);
    TRY(comm_agree(comm, parse(bytes, (int)sizes[1], &config)));
    TRY(comm_agree(comm, first ? spare_inputs(config, path) : TRALO_OK));
    *out = config;
    config = NULL;
out:
    config_free(&config);
    mem_free(&bytes);
    return code;
}
