/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/alike.h"
#include "data/build.h"
#include "data/foreign.h"
#include "data/h5.h"
#include "data/layout.h"

enum { WHAT = 512 };

static int read_names(hid_t file, const char *path, data_t *d)
{
    int code = TRALO_OK;
    char name[WHAT / 2], what[WHAT];
    bool found;
    hid_t set = H5I_INVALID_HID;
    TRY(foreign_names(file, path, name, sizeof name, &found));
    snprintf(what, sizeof what, "%.200s: /%s", path, name);
    set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_INPUT, "%s cannot be opened as a dataset: %s", what, h5_reason());
    TRY(h5_read_strings(set, what, d->p, d->names));
out:
    h5_close(&set);
    return code;
}

static int read_target(hid_t file, const char *path, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    char what[WHAT];
    snprintf(what, sizeof what, "%s: /y", path);
    hid_t set = H5Dopen2(file, "y", H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_INPUT, "%s cannot be opened as a dataset: %s", what, h5_reason());
    if (layout->labels > 0)
        TRY(h5_read_attribute_strings(set, "labels", what, layout->labels, d->labels));
    if (layout->target)
        TRY(h5_read_text(set, "name", what, &d->target));
out:
    h5_close(&set);
    return code;
}

static int read_groups(hid_t file, const char *path, data_t *d)
{
    int code = TRALO_OK;
    char where[WHAT];
    snprintf(where, sizeof where, "%s: /", path);
    hid_t set = H5Dopen2(file, "groups", H5P_DEFAULT);
    if (set < 0 || H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, d->group) < 0)
        FAIL(TRALO_ERR_FILE, "%sgroups cannot be read: %s", where, h5_reason());
    TRY(data_check_groups(d->group, d->p, where));
out:
    h5_close(&set);
    return code;
}

/* What stands in one file, into the arrays that d has. */
static int read_file(const char *path, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    hid_t file = H5I_INVALID_HID;
    TRY(h5_open(path, &file));
    if (layout->group)
        TRY(read_groups(file, path, d));
    if (layout->names)
        TRY(read_names(file, path, d));
    if (layout->labels > 0 || layout->target)
        TRY(read_target(file, path, layout, d));
out:
    h5_close(&file);
    return code;
}

static int allocate(const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    d->label_count = layout->labels;
    if (layout->group && d->group == NULL)
        ALLOC(d->group, layout->p);
    if (layout->names)
        ALLOC(d->names, layout->p);
    if (layout->labels > 0)
        ALLOC(d->labels, layout->labels);
out:
    return code;
}

static int compare_file(const files_t *files, int f, const data_layout_t *layout, const data_t *d)
{
    int code = TRALO_OK;
    data_t *other = NULL;
    ALLOC(other, 1);
    other->p = layout->p;
    TRY(allocate(layout, other));
    TRY(read_file(files->paths[f], layout, other));
    TRY(alike_descriptions(files, f, other, d));
out:
    data_free(&other);
    return code;
}

static int read_all(const files_t *files, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    TRY(read_file(files->paths[0], layout, d));
    for (int f = 1; f < files->count; f++)
        TRY(compare_file(files, f, layout, d));
out:
    return code;
}

int data_describe(const files_t *files, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    TRY(allocate(layout, d));
    TRY(read_all(files, layout, d));
out:
    h5_quiet_end(&before);
    return code;
}

static int64_t packed_size(char *const *texts, int64_t count)
{
    int64_t size = 0;
    for (int64_t i = 0; i < count; i++)
        size += (int64_t)strlen(texts[i]) + 1;
    return size;
}

static void pack(char *const *texts, int64_t count, char *buffer)
{
    for (int64_t i = 0; i < count; i++)
        buffer = stpcpy(buffer, texts[i]) + 1;
}

static int unpack(const char *buffer, int64_t count, char **texts)
{
    int code = TRALO_OK;
    for (int64_t i = 0; i < count; i++) {
        TRY(mem_string(buffer, &texts[i]));
        buffer += strlen(buffer) + 1;
    }
out:
    return code;
}

int data_share_texts(comm_t *comm, char **texts, int64_t count)
{
    int code = TRALO_OK;
    char *buffer = NULL;
    bool first = comm_rank(comm) == 0;
    int64_t size = first ? packed_size(texts, count) : 0;
    comm_share(comm, &size, sizeof size, 0);
    TRY(comm_agree(comm, mem_alloc(size, 1, &buffer)));
    if (first)
        pack(texts, count, buffer);
    comm_share(comm, buffer, size, 0);
    TRY(comm_agree(comm, first ? TRALO_OK : unpack(buffer, count, texts)));
out:
    mem_free(&buffer);
    return code;
}

int data_read_descriptions(const data_request_t *request, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    const bool first = comm_rank(d->comm) == 0;
    TRY(comm_agree(d->comm,
                   first ? data_describe(request->files, layout, d) : allocate(layout, d)));
    if (layout->group)
        comm_share(d->comm, d->group, d->p * (int64_t)sizeof *d->group, 0);
    if (layout->names)
        TRY(data_share_texts(d->comm, d->names, d->p));
    if (layout->labels > 0)
        TRY(data_share_texts(d->comm, d->labels, layout->labels));
    if (layout->target)
        TRY(data_share_texts(d->comm, &d->target, 1));
out:
    return code;
}
