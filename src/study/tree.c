/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"

enum { DEPTH_MAX = 16, KEY_SIZE = 256, PLACE_SIZE = 512 };

/* What a conversion from libyaml's document carries along. */
typedef struct conversion {
    yaml_document_t *document;
    const tree_origin_t *origin;
    bool *seen; /* [nodes]: a node met twice is an alias */
} conversion_t;

/* ---- places -----------------------------------------------------------------------------------
 */

static int index_in(const tree_t *tree)
{
    int index = 0;
    for (const tree_t *at = tree->parent->child; at != tree; at = at->next)
        index++;
    return index;
}

void tree_key(const tree_t *tree, char *text, size_t size)
{
    size_t used;
    text[0] = '\0';
    if (tree->parent == NULL)
        return;
    tree_key(tree->parent, text, size);
    used = strlen(text);
    if (tree->key == NULL)
        snprintf(text + used, size - used, "[%d]", index_in(tree));
    else
        snprintf(text + used, size - used, "%s%.200s", used > 0 ? "." : "", tree->key);
}

static void where(const tree_origin_t *origin, int line, char *text, size_t size)
{
    if (origin->override)
        snprintf(text, size, "override '%.200s'", origin->name);
    else
        snprintf(text, size, "%.300s:%d", origin->name, line);
}

void tree_place(const tree_t *tree, char *text, size_t size)
{
    char key[KEY_SIZE];
    where(tree->origin, tree->line, text, size);
    tree_key(tree, key, sizeof key);
    size_t used = strlen(text);
    if (key[0] != '\0')
        snprintf(text + used, size - used, ": %s", key);
}

int tree_raise(const tree_t *tree, const char *format, ...)
{
    char place[PLACE_SIZE + KEY_SIZE], text[ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tree_place(tree, place, sizeof place);
    return error_raise(TRALO_ERR_INPUT, "%s: %s", place, text);
}

/* ---- from libyaml's document to our tree ------------------------------------------------------
 */

void tree_free(tree_t **tree)
{
    while (*tree != NULL) {
        tree_t *next = (*tree)->next;
        tree_free(&(*tree)->child);
        mem_free(&(*tree)->key);
        mem_free(&(*tree)->text);
        mem_free(tree);
        *tree = next;
    }
}

static int create(const tree_origin_t *origin, tree_type_t type, tree_t *parent, tree_t **out)
{
    int code = TRALO_OK;
    tree_t *tree = NULL;
    ALLOC(tree, 1);
    tree->origin = origin;
    tree->type = type;
    tree->line = 1;
    tree->parent = parent;
    *out = tree;
out:
    return code;
}

static int copy_scalar(const tree_t *tree, const yaml_node_t *node, char **out)
{
    int code = TRALO_OK;
    const char *value = (const char *)node->data.scalar.value;
    if (strlen(value) != node->data.scalar.length)
        TRY(tree_raise(tree, "a text must not contain a zero byte"));
    TRY(mem_string(value, out));
out:
    return code;
}

static int convert(const conversion_t *conversion, int id, tree_t *tree, int depth);

static int convert_list(const conversion_t *conversion, const yaml_node_t *node, tree_t *tree,
                        int depth)
{
    int code = TRALO_OK;
    tree_t **end = &tree->child;
    const yaml_node_item_t *top = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < top; item++) {
        TRY(create(conversion->origin, TREE_SCALAR, tree, end));
        TRY(convert(conversion, *item, *end, depth + 1));
        end = &(*end)->next;
    }
out:
    return code;
}

static int convert_key(const conversion_t *conversion, int id, tree_t *tree)
{
    int code = TRALO_OK;
    char *key = NULL;
    const yaml_node_t *node = yaml_document_get_node(conversion->document, id);
    tree->line = (int)node->start_mark.line + 1;
    if (node->type != YAML_SCALAR_NODE)
        TRY(tree_raise(tree->parent, "a key must be a word"));
    TRY(copy_scalar(tree, node, &key));
    const tree_t *before = tree_find(tree->parent, key);
    tree->key = key;
    key = NULL;
    if (before != NULL)
        TRY(tree_raise(tree, "this key was already given in line %d", before->line));
out:
    mem_free(&key);
    return code;
}

static int convert_map(const conversion_t *conversion, const yaml_node_t *node, tree_t *tree,
                       int depth)
{
    int code = TRALO_OK;
    tree_t **end = &tree->child;
    const yaml_node_pair_t *top = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < top; pair++) {
        TRY(create(conversion->origin, TREE_SCALAR, tree, end));
        TRY(convert_key(conversion, pair->key, *end));
        TRY(convert(conversion, pair->value, *end, depth + 1));
        end = &(*end)->next;
    }
out:
    return code;
}

static int convert(const conversion_t *conversion, int id, tree_t *tree, int depth)
{
    int code = TRALO_OK;
    const yaml_node_t *node = yaml_document_get_node(conversion->document, id);
    if (tree->key == NULL) /* else the line of the key */
        tree->line = (int)node->start_mark.line + 1;
    if (conversion->seen[id])
        TRY(tree_raise(tree, "aliases (*name) are not supported: write the value out"));
    conversion->seen[id] = true;
    if (depth > DEPTH_MAX)
        TRY(tree_raise(tree, "nested more than %d levels deep", DEPTH_MAX));
    switch (node->type) {
    case YAML_SCALAR_NODE:
        tree->type = TREE_SCALAR;
        tree->quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        TRY(copy_scalar(tree, node, &tree->text));
        break;
    case YAML_SEQUENCE_NODE:
        tree->type = TREE_LIST;
        TRY(convert_list(conversion, node, tree, depth));
        break;
    case YAML_MAPPING_NODE:
        tree->type = TREE_MAP;
        TRY(convert_map(conversion, node, tree, depth));
        break;
    case YAML_NO_NODE:
        TRY(tree_raise(tree, "has no value"));
        break;
    }
out:
    return code;
}

static int convert_document(const tree_origin_t *origin, yaml_document_t *document, tree_t **out)
{
    int code = TRALO_OK;
    tree_t *tree = NULL;
    conversion_t conversion = {.document = document, .origin = origin};
    int64_t nodes = document->nodes.top - document->nodes.start;
    ALLOC(conversion.seen, nodes + 1);
    TRY(create(origin, TREE_SCALAR, NULL, &tree));
    if (nodes == 0)
        TRY(tree_raise(tree, "%s",
                       origin->override ? "there is no value after '='" : "the file is empty"));
    TRY(convert(&conversion, 1, tree, 0));
    *out = tree;
    tree = NULL;
out:
    tree_free(&tree);
    mem_free(&conversion.seen);
    return code;
}

/* ---- parsing ----------------------------------------------------------------------------------
 */

static int line_of_offset(const char *text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && text[i] != '\0'; i++)
        line += text[i] == '\n';
    return line;
}

static int syntax_error(const yaml_parser_t *parser, const tree_origin_t *origin, const char *text)
{
    char place[PLACE_SIZE];
    const char *problem = parser->problem != NULL ? parser->problem : "cannot be read";
    if (parser->error == YAML_MEMORY_ERROR)
        return error_raise(TRALO_ERR_MEMORY, "out of memory while reading YAML");
    if (parser->error == YAML_READER_ERROR) {
        where(origin, line_of_offset(text, parser->problem_offset), place, sizeof place);
        return error_raise(TRALO_ERR_INPUT, "%s: not valid YAML: %s", place, problem);
    }
    where(origin, (int)parser->problem_mark.line + 1, place, sizeof place);
    return error_raise(TRALO_ERR_INPUT, "%s: not valid YAML: %s (column %zu)", place, problem,
                       parser->problem_mark.column + 1);
}

static int no_second_document(yaml_parser_t *parser, const tree_origin_t *origin, const char *text)
{
    int code = TRALO_OK;
    char place[PLACE_SIZE];
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second))
        return syntax_error(parser, origin, text);
    if (yaml_document_get_root_node(&second) != NULL) {
        where(origin, (int)second.start_mark.line + 1, place, sizeof place);
        code =
            error_raise(TRALO_ERR_INPUT, "%s: a second YAML document starts here; give one", place);
    }
    yaml_document_delete(&second);
    return code;
}

int tree_parse(const tree_origin_t *origin, const char *text, tree_t **out)
{
    int code = TRALO_OK;
    bool loaded = false;
    tree_t *tree = NULL;
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        return error_raise(TRALO_ERR_MEMORY, "out of memory while reading YAML");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    if (!yaml_parser_load(&parser, &document))
        TRY(syntax_error(&parser, origin, text));
    loaded = true;
    TRY(convert_document(origin, &document, &tree));
    TRY(no_second_document(&parser, origin, text));
    *out = tree;
    tree = NULL;
out:
    if (loaded)
        yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    tree_free(&tree);
    return code;
}

/* ---- access -----------------------------------------------------------------------------------
 */

const tree_t *tree_find(const tree_t *map, const char *key)
{
    if (map == NULL || map->type != TREE_MAP)
        return NULL;
    for (const tree_t *at = map->child; at != NULL; at = at->next)
        if (at->key != NULL && strcmp(at->key, key) == 0)
            return at;
    return NULL;
}

int tree_count(const tree_t *tree)
{
    int count = 0;
    for (const tree_t *at = tree->child; at != NULL; at = at->next)
        count++;
    return count;
}

/* ---- overrides --------------------------------------------------------------------------------
 */

/* The element `key` of a map, made (an empty map) where it is missing. */
static int reach(tree_t *map, const tree_origin_t *origin, const char *key, tree_t **out)
{
    int code = TRALO_OK;
    tree_t *made = NULL;
    tree_t **at = &map->child;
    while (*at != NULL && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    if (*at == NULL) {
        TRY(create(origin, TREE_MAP, map, &made));
        TRY(mem_string(key, &made->key));
        *at = made;
        made = NULL;
    }
    *out = *at;
out:
    tree_free(&made);
    return code;
}

/* scalar -> {key: scalar} */
static int wrap(tree_t *tree, const char *key)
{
    int code = TRALO_OK;
    tree_t *inner = NULL;
    TRY(create(tree->origin, TREE_SCALAR, tree, &inner));
    TRY(mem_string(key, &inner->key));
    inner->line = tree->line;
    inner->quoted = tree->quoted;
    inner->text = tree->text;
    tree->text = NULL;
    tree->type = TREE_MAP;
    tree->child = inner;
    inner = NULL;
out:
    tree_free(&inner);
    return code;
}

static int descend(tree_t **at, const tree_origin_t *origin, const char *key,
                   const char *(*expand)(const char *))
{
    int code = TRALO_OK;
    char path[KEY_SIZE];
    tree_key(*at, path, sizeof path);
    if ((*at)->type == TREE_SCALAR && expand(path) != NULL)
        TRY(wrap(*at, expand(path)));
    if ((*at)->type != TREE_MAP)
        FAIL(TRALO_ERR_INPUT, "override '%.200s': '%s' has no keys inside, so no '%.200s'",
             origin->name, path, key);
    TRY(reach(*at, origin, key, at));
out:
    return code;
}

/* Moves the content of *value into `target`, which keeps its key and its place among siblings. */
static void replace(tree_t *target, tree_t **value)
{
    tree_free(&target->child);
    mem_free(&target->text);
    target->type = (*value)->type;
    target->text = (*value)->text;
    target->quoted = (*value)->quoted;
    target->origin = (*value)->origin;
    target->line = (*value)->line;
    target->child = (*value)->child;
    for (tree_t *at = target->child; at != NULL; at = at->next)
        at->parent = target;
    (*value)->text = NULL;
    (*value)->child = NULL;
    tree_free(value);
}

int tree_override(tree_t *root, const tree_origin_t *origin, const char *(*expand)(const char *key))
{
    int code = TRALO_OK;
    char *path = NULL, *rest, *key;
    tree_t *value = NULL, *at = root;
    const char *equals = strchr(origin->name, '=');
    if (equals == NULL || equals == origin->name)
        FAIL(TRALO_ERR_INPUT, "override '%.200s': write key=value or key.sub=value", origin->name);
    TRY(mem_string(origin->name, &path));
    path[equals - origin->name] = '\0';
    rest = path;
    while ((key = strsep(&rest, ".")) != NULL) {
        if (*key == '\0')
            FAIL(TRALO_ERR_INPUT, "override '%.200s': there is an empty key before '='",
                 origin->name);
        TRY(descend(&at, origin, key, expand));
    }
    TRY(tree_parse(origin, equals + 1, &value));
    replace(at, &value);
out:
    mem_free(&path);
    tree_free(&value);
    return code;
}
