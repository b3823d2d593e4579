/* SPDX-License-Identifier: BSD-3-Clause */
/* pandas      to_hdf writes a group with the attribute pandas_type: frame, frame_table, series, ...
               (pandas/io/pytables.py)
   AnnData     groups /obs and /var, whose attribute _index names the dataset of row or column
   names; /X dense or a group; other matrices in /layers
               (https://anndata.readthedocs.io/en/stable/fileformat-prose.html)
   h5py        a bool is an enumeration of FALSE and TRUE; virtual datasets name their sources */
#include "data/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/h5.h"

enum { NAME = 128, LIST = 200, DEPTH = 3, PATH = 4096 };

static int64_t count_links(hid_t group)
{
    H5G_info_t info = {0};
    return H5Gget_info(group, &info) < 0 ? 0 : (int64_t)info.nlinks;
}

static bool link_name(hid_t group, int64_t i, char *name, size_t size)
{
    return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, size,
                              H5P_DEFAULT) > 0;
}

/* The names of a group, ", " between them, but those in skip[] (ends with NULL). */
static void list_names(hid_t group, const char *const *skip, char *text, size_t size)
{
    char name[NAME];
    size_t used = 0;
    text[0] = '\0';
    for (int64_t i = 0; i < count_links(group) && used < size; i++) {
        bool listed = link_name(group, i, name, sizeof name);
        for (int k = 0; skip[k] != NULL; k++)
            listed = listed && strcmp(name, skip[k]) != 0;
        if (listed)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", name);
    }
}

void foreign_rest(hid_t file, char *text, size_t size)
{
    static const char *const ours[] = {"X",    "y",      "weights",       "offset",
                                       "fold", "groups", "feature_names", NULL};
    h5_quiet_t before = h5_quiet_begin();
    list_names(file, ours, text, size);
    h5_quiet_end(&before);
}

/* ---- AnnData -----------------------------------------------------------------------------------
 */
static bool is_anndata(hid_t file)
{
    return h5_has(file, "obs") && h5_has(file, "var") &&
           H5Aexists_by_name(file, "var", "_index", H5P_DEFAULT) > 0;
}

int foreign_names(hid_t file, const char *path, char *name, size_t size, bool *found)
{
    int code = TRALO_OK;
    char *index = NULL, what[PATH];
    hid_t var = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    bool own = h5_has(file, "feature_names"), theirs = !own && is_anndata(file);
    snprintf(name, size, "feature_names");
    if (theirs) {
        var = H5Oopen(file, "var", H5P_DEFAULT);
        snprintf(what, sizeof what, "%s: /var", path);
        TRY(h5_read_text(var, "_index", what, &index));
        snprintf(name, size, "var/%s", index);
    }
    *found = own || (theirs && h5_has(var, index));
out:
    mem_free(&index);
    h5_close(&var);
    h5_quiet_end(&before);
    return code;
}

static int explain_anndata(hid_t file, const char *path)
{
    static const char *const none[] = {NULL};
    int code = TRALO_OK;
    char layers[LIST] = "";
    hid_t group = H5Gopen2(file, "layers", H5P_DEFAULT);
    if (group >= 0)
        list_names(group, none, layers, sizeof layers);
    h5_close(&group);
    FAIL(TRALO_ERR_INPUT,
         "%s: AnnData without /X; its layers (%s) are not read. In Python: "
         "adata.X = adata.layers[\"NAME\"]; adata.write_h5ad(\"new.h5\")",
         path, layers[0] == '\0' ? "there are none" : layers);
out:
    return code;
}

/* ---- pandas ------------------------------------------------------------------------------------
 */
/* The first object of pandas at or below `at`, of which `key` is the name so far: its name and kind
   (a text). */
static bool find_pandas(hid_t at, int depth, char key[NAME], char **kind)
{
    bool found = false;
    if (h5_has_attribute(at, "pandas_type"))
        return h5_read_text(at, "pandas_type", key, kind) == TRALO_OK;
    const size_t length = strlen(key);
    for (int64_t i = 0; depth > 0 && !found && i < count_links(at); i++) {
        char name[NAME];
        hid_t child = H5I_INVALID_HID;
        if (link_name(at, i, name, sizeof name) && h5_has(at, name))
            child = H5Gopen2(at, name, H5P_DEFAULT);
        if (child >= 0 && length + strlen(name) + 2 <= NAME) {
            stpcpy(stpcpy(key + length, "/"), name);
            found = find_pandas(child, depth - 1, key, kind);
        }
        h5_close(&child);
    }
    if (!found)
        key[length] = '\0';
    return found;
}

static int explain_pandas(const char *path, const char *key, const char *kind)
{
    if (strncmp(kind, "series", 6) == 0)
        return error_raise(TRALO_ERR_INPUT,
                           "%s: %s is a series that pandas wrote (to_hdf), which is not read: "
                           "write /X and /y with h5py, as the README says under Files",
                           path, key);
    return error_raise(TRALO_ERR_INPUT,
                       "%s: %s is a table that pandas wrote (to_hdf, format \"%s\"), which is not "
                       "read. In Python: "
                       "import h5py, pandas; df = pandas.read_hdf(\"%s\", \"%s\"); x = "
                       "df.drop(columns=\"TARGET\"); "
                       "f = h5py.File(\"new.h5\", \"w\"); f[\"X\"] = x.to_numpy(\"f8\"); "
                       "f[\"y\"] = df[\"TARGET\"].to_numpy(\"f8\"); f[\"feature_names\"] = "
                       "list(x.columns); f.close()",
                       path, key, strstr(kind, "_table") != NULL ? "table" : "fixed", path, key);
}

/* ---- all ---------------------------------------------------------------------------------------
 */
static int explain_X(hid_t file, const char *path)
{
    static const char *const none[] = {NULL};
    int code = TRALO_OK;
    char key[NAME] = "", list[LIST], *kind = NULL;
    if (find_pandas(file, DEPTH, key, &kind))
        TRY(explain_pandas(path, key, kind));
    if (is_anndata(file))
        TRY(explain_anndata(file, path));
    if (H5Lexists(file, "X", H5P_DEFAULT) > 0)
        FAIL(TRALO_ERR_INPUT, "%s: /X is a link that leads nowhere", path);
    list_names(file, none, list, sizeof list);
    FAIL(TRALO_ERR_INPUT,
         "%s: /X does not exist (the file holds: %s); `tralo import` makes files that can be read",
         path, list[0] == '\0' ? "nothing" : list);
out:
    mem_free(&kind);
    return code;
}

int foreign_explain_X(hid_t file, const char *path)
{
    h5_quiet_t before = h5_quiet_begin();
    int code = explain_X(file, path);
    h5_quiet_end(&before);
    return code;
}

int foreign_explain_y(hid_t file, const char *path)
{
    h5_quiet_t before = h5_quiet_begin();
    bool anndata = is_anndata(file);
    h5_quiet_end(&before);
    if (anndata)
        return error_raise(TRALO_ERR_INPUT,
                           "%s: /y does not exist: AnnData has no target of its own. In Python: "
                           "y = anndata.read_h5ad(\"%s\").obs[\"COLUMN\"].to_numpy(\"f8\"); "
                           "f = h5py.File(\"%s\", \"a\"); f[\"y\"] = y; f.close()",
                           path, path, path);
    return error_raise(TRALO_ERR_INPUT,
                       "%s: /y does not exist; `tralo import` makes files that can be read, or in "
                       "Python: f = h5py.File(\"%s\", \"a\"); f[\"y\"] = y; f.close()",
                       path, path);
}

/* ---- virtual datasets --------------------------------------------------------------------------
 */
/* Where HDF5 finds the source `name` of a dataset in the file `path`: where its name leads, beside
   the file, in the current folder. */
static int check_source(const char *path, const char *name, const char *set, const char *what)
{
    int code = TRALO_OK;
    char beside[PATH];
    hid_t file = H5I_INVALID_HID;
    const char *slash = strrchr(path, '/');
    snprintf(beside, sizeof beside, "%.*s%s", slash != NULL ? (int)(slash - path) + 1 : 0, path,
             name);
    bool found =
        (name[0] != '/' && h5_open(beside, &file) == TRALO_OK) || h5_open(name, &file) == TRALO_OK;
    if (!found || !h5_has(file, set))
        FAIL(TRALO_ERR_FILE,
             "%s is a virtual dataset, whose source %.200s in %.200s cannot be found: HDF5 would "
             "read zeros in its place",
             what, set, name);
out:
    h5_close(&file);
    return code;
}

int foreign_check_virtual(hid_t created, const char *path, const char *what)
{
    int code = TRALO_OK;
    size_t count = 0;
    char name[PATH / 2], set[PATH / 4];
    if (H5Pget_layout(created) != H5D_VIRTUAL || H5Pget_virtual_count(created, &count) < 0)
        return TRALO_OK;
    for (size_t i = 0; i < count; i++) {
        bool known = H5Pget_virtual_filename(created, i, name, sizeof name) > 0 &&
                     H5Pget_virtual_dsetname(created, i, set, sizeof set) > 0;
        if (!known || strcmp(name, ".") == 0 || strchr(name, '%') != NULL)
            continue; /* the file itself, or as many files as there are */
        if (getenv("HDF5_VDS_PREFIX") == NULL)
            TRY(check_source(path, name, set, what));
    }
out:
    return code;
}
