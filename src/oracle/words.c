/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* environ */
#include "oracle/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Linux takes no longer texts than 128 KiB into a program, and of all together a quarter of the
   stack, which is 2 MiB as a rule. */
enum { VARIABLE_MOST = 60000, VARIABLES_MOST = 500000 };

/* What a placeholder may be beside a parameter. */
typedef enum word { WORD_SEED, WORD_TRIAL, WORD_FOLDER, WORD_PARAMETERS, WORD_VALUE, WORDS } word_t;
static const char *const names[WORDS] = {"seed", "trial", "folder", "parameters", "value"};
static const char *const variables[WORDS] = {"TRALO_SEED", "TRALO_TRIAL", "TRALO_FOLDER",
                                             "TRALO_PARAMETERS", "TRALO_VALUE"};

static bool same(const char *name, const char *text, size_t length)
{
    return strncmp(name, text, length) == 0 && name[length] == '\0';
}

/* WORDS: none of them. */
static word_t find_word(const char *text, size_t length)
{
    int word = 0;
    while (word < WORDS && !same(names[word], text, length))
        word++;
    return (word_t)word;
}

bool words_reserved(const char *name)
{
    return find_word(name, strlen(name)) < WORDS;
}

/* ---- the command line -------------------------------------------------------------------------
 */

/* 'text', for a shell. */
static int add_quoted(text_t *out, const char *text)
{
    int code = TRALO_OK;
    TRY(text_add(out, "'"));
    for (const char *at = text; *at != '\0'; at++)
        TRY(*at == '\'' ? text_add(out, "'\\''") : text_add(out, "%c", *at));
    TRY(text_add(out, "'"));
out:
    return code;
}

static const char *path_of(const words_t *words, word_t word)
{
    return word == WORD_FOLDER       ? words->folder
           : word == WORD_PARAMETERS ? words->parameters
                                     : words->value;
}

static int add_word(const words_t *words, word_t word, bool quoted, text_t *out)
{
    if (word == WORD_SEED)
        return text_add(out, "%" PRId64, words->trial->draw);
    if (word == WORD_TRIAL)
        return text_add(out, "%" PRId64, words->trial->number);
    const char *path = path_of(words, word);
    return quoted ? add_quoted(out, path) : text_add(out, "%s", path);
}

/* The parameter called text[length]; `first` is the place of its values. NULL: there is none. */
static const space_parameter_t *find_parameter(const space_t *space, const char *text,
                                               size_t length, int64_t *first)
{
    *first = 0;
    for (int k = 0; k < space->parameters; *first += space->list[k++].count)
        if (same(space->list[k].name, text, length))
            return &space->list[k];
    return NULL;
}

static int refuse(const words_t *words, const char *at, size_t length)
{
    int code = TRALO_OK;
    text_t known = {0};
    for (int k = 0; k < words->space->parameters && known.size < 400; k++)
        TRY(text_add(&known, "{%s}, ", words->space->list[k].name));
    for (int word = 0; word < WORDS; word++)
        TRY(text_add(&known, "%s{%s}", word > 0 ? ", " : "", names[word]));
    FAIL(TRALO_ERR_INPUT,
         "run: there is no placeholder '%.*s'; there are %s, {NAME[i]} of a vector, and {{ and }} "
         "for braces",
         (int)(length < 80 ? length : 80), at, known.data);
out:
    mem_free(&known.data);
    return code;
}

/* at[length] is "{...}". */
static int fill_one(const words_t *words, const char *at, size_t length, text_t *out)
{
    int code = TRALO_OK;
    int64_t first, index = -1;
    char *end = NULL;
    const char *name = at + 1;
    const size_t size = strcspn(name, "[}");
    const word_t word = find_word(name, length - 2);
    const space_parameter_t *p = find_parameter(words->space, name, size, &first);
    if (name[size] == '[')
        index = strtoll(name + size + 1, &end, 10);
    const bool indexed = end != NULL && end > name + size + 1 && strncmp(end, "]}", 2) == 0;
    const bool good =
        p != NULL && (end == NULL || (indexed && p->vector && index >= 0 && index < p->count));
    if (word == WORDS && !good)
        TRY(refuse(words, at, length));
    if (words->trial == NULL)
        return TRALO_OK;
    if (word < WORDS)
        TRY(add_word(words, word, true, out));
    else if (indexed)
        TRY(space_add_value(out, p, words->trial->values[first + index]));
    else
        TRY(space_add_values(out, p, words->trial->values + first));
out:
    return code;
}

int words_fill(const words_t *words, const char *run, text_t *out)
{
    int code = TRALO_OK;
    size_t length;
    for (const char *at = run; *at != '\0'; at += length) {
        const bool twice = (at[0] == '{' || at[0] == '}') && at[1] == at[0];
        const char *end = at[0] == '{' && !twice ? strchr(at, '}') : NULL;
        length = end != NULL ? (size_t)(end - at) + 1 : twice ? 2 : 1;
        if (at[0] == '{' && !twice && end == NULL)
            FAIL(TRALO_ERR_INPUT, "run: no } follows '%.40s'; a brace itself is written {{", at);
        TRY(end != NULL ? fill_one(words, at, length, out) : text_add(out, "%c", at[0]));
    }
out:
    return code;
}

/* ---- the environment --------------------------------------------------------------------------
 */

void words_release(char ***environment)
{
    for (char **at = *environment; at != NULL && *at != NULL; at++)
        mem_free(at);
    mem_free(environment);
}

static int add_variable(const words_t *words, word_t word, char **out)
{
    int code = TRALO_OK;
    text_t text = {0};
    TRY(text_add(&text, "%s=", variables[word]));
    TRY(add_word(words, word, false, &text));
    *out = text.data;
    text.data = NULL;
out:
    mem_free(&text.data);
    return code;
}

/* NULL where it is too long; `room` is what all may still take. */
static int add_parameter(const space_parameter_t *p, const double *values, int64_t *room,
                         char **out)
{
    int code = TRALO_OK;
    text_t text = {0};
    TRY(text_add(&text, "TRALO_PARAMETER_%s=", p->name));
    TRY(space_add_values(&text, p, values));
    if (text.size > VARIABLE_MOST || text.size > *room)
        mem_free(&text.data);
    else
        *room -= text.size;
    *out = text.data;
    text.data = NULL;
out:
    mem_free(&text.data);
    return code;
}

/* Not this study's own: another search may have started this one. */
static bool is_ours(const char *variable)
{
    bool ours = strncmp(variable, "TRALO_PARAMETER_", 16) == 0;
    for (int word = 0; word < WORDS; word++)
        ours = ours || same(variables[word], variable, strcspn(variable, "="));
    return ours;
}

int words_environment(const words_t *words, char ***out)
{
    int code = TRALO_OK, inherited = 0, count = 0;
    int64_t room = VARIABLES_MOST;
    const space_t *space = words->space;
    const double *values = words->trial->values;
    char **list = NULL;
    while (environ[inherited] != NULL)
        inherited++;
    ALLOC(list, inherited + WORDS + space->parameters + 1);
    for (int i = 0; i < inherited; i++)
        if (!is_ours(environ[i]))
            TRY(mem_string(environ[i], &list[count++]));
    for (int word = 0; word < WORDS; word++)
        TRY(add_variable(words, (word_t)word, &list[count++]));
    for (int k = 0; k < space->parameters; values += space->list[k++].count) {
        TRY(add_parameter(&space->list[k], values, &room, &list[count]));
        count += list[count] != NULL;
    }
    *out = list;
    list = NULL;
out:
    words_release(&list);
    return code;
}

const char *words_mark(char *const *environment)
{
    const char *name = variables[WORD_FOLDER];
    const size_t length = strlen(name);
    while (strncmp(*environment, name, length) != 0 || (*environment)[length] != '=')
        environment++;
    return *environment;
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static int add_json(const words_t *words, text_t *out)
{
    int code = TRALO_OK;
    const double *values = words->trial->values;
    TRY(text_add(out, "{"));
    for (int k = 0; k < words->space->parameters; values += words->space->list[k++].count) {
        const space_parameter_t *p = &words->space->list[k];
        TRY(text_add(out, "\"%s\": %s", p->name, p->vector ? "[" : ""));
        TRY(space_add_values(out, p, values));
        TRY(text_add(out, "%s, ", p->vector ? "]" : ""));
    }
    TRY(text_add(out, "\"seed\": %" PRId64 ", \"trial\": %" PRId64 "}\n", words->trial->draw,
                 words->trial->number));
out:
    return code;
}

int words_json(const words_t *words)
{
    int code = TRALO_OK;
    text_t text = {0};
    FILE *file = NULL;
    TRY(add_json(words, &text));
    file = fopen(words->parameters, "w");
    bool good = file != NULL && fputs(text.data, file) != EOF;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    if (!good)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", words->parameters, strerror(errno));
out:
    mem_free(&text.data);
    return code;
}
