/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/alike.h"

#include <string.h>

/* File f, and the first one. */
typedef struct pair {
    const char *path, *first;
} pair_t;

static int check_presence(const pair_t *files, const char *what, bool here, bool there)
{
    int code = TRALO_OK;
    if (here != there)
        FAIL(TRALO_ERR_INPUT, "%s has %s %s, but %s has %s: files of one data set hold the same",
             files->path, here ? "the" : "no", what, files->first, there ? "one" : "none");
out:
    return code;
}

/* `help`: how the numbers become equal at import. */
static int check_count(const pair_t *files, const char *what, int here, int there, const char *help)
{
    int code = TRALO_OK;
    if (here != there)
        FAIL(TRALO_ERR_INPUT,
             "%s: the %s are %d, but %d in %s: files of one data set hold the same%s", files->path,
             what, here, there, files->first, help);
out:
    return code;
}

int alike_layouts(const files_t *all, int f, const data_layout_t *here, const data_layout_t *first)
{
    int code = TRALO_OK;
    const pair_t files = {all->paths[f], all->paths[0]};
    const struct {
        const char *what;
        bool here, there;
    } things[] = {{"sparse /X", here->sparse, first->sparse},
                  {"dataset /y", here->y, first->y},
                  {"attribute 'labels' of /y", here->labels > 0, first->labels > 0},
                  {"attribute 'name' of /y", here->target, first->target},
                  {"dataset /weights", here->weights, first->weights},
                  {"dataset /offset", here->offsets > 0, first->offsets > 0},
                  {"dataset /fold", here->fold, first->fold},
                  {"dataset /groups", here->group, first->group},
                  {"dataset /feature_names", here->names, first->names}};
    TRY(check_count(&files, "columns of /X", here->p, first->p,
                    here->sparse ? " (tralo import --features)" : ""));
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        TRY(check_presence(&files, things[i].what, things[i].here, things[i].there));
    TRY(check_count(&files, "labels of /y", here->labels, first->labels,
                    " (tralo import --labels)"));
    TRY(check_count(&files, "columns of /offset", here->offsets, first->offsets, ""));
out:
    return code;
}

/* texts [count], in both files or in none. */
static int check_texts(const pair_t *files, const char *what, int count, char *const *here,
                       char *const *there)
{
    int code = TRALO_OK;
    for (int i = 0; here != NULL && i < count; i++)
        if (strcmp(here[i], there[i]) != 0)
            FAIL(TRALO_ERR_INPUT,
                 "%s: %s %d is '%.100s', but '%.100s' in %s: files of one data set hold the same",
                 files->path, what, i, here[i], there[i], files->first);
out:
    return code;
}

int alike_descriptions(const files_t *all, int f, const data_t *here, const data_t *first)
{
    int code = TRALO_OK;
    const pair_t files = {all->paths[f], all->paths[0]};
    TRY(check_texts(&files, "feature name", first->p, here->names, first->names));
    TRY(check_texts(&files, "label", first->label_count, here->labels, first->labels));
    if (first->target != NULL && strcmp(here->target, first->target) != 0)
        FAIL(TRALO_ERR_INPUT,
             "%s: /y is '%.100s', but '%.100s' in %s: files of one data set hold the same",
             files.path, here->target, first->target, files.first);
    for (int j = 0; first->group != NULL && j < first->p; j++)
        if (here->group[j] != first->group[j])
            FAIL(TRALO_ERR_INPUT,
                 "%s: /groups column %d is %d, but %d in %s: files of one data set hold the same",
                 files.path, j, here->group[j], first->group[j], files.first);
out:
    return code;
}
