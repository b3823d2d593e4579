/* SPDX-License-Identifier: BSD-3-Clause */
/* Format: NumPy Enhancement Proposal 1: "\x93NUMPY", version (2 bytes), length of the header (2
   bytes little-endian in version 1, 4 later), the header, a Python dict, then the numbers. */
#include "data/import_array.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/import_stream.h"

enum { BLOCK = 1 << 22, HEADER_MAX = 1 << 20, PREAMBLE = 12, PACKING_MAX = 20000 };

/* ---- types of elements: one row each -----------------------------------------------------------
 */
#define CONVERT(name, type)                                                                        \
    static double from_##name(const void *bytes)                                                   \
    {                                                                                              \
        type value;                                                                                \
        memcpy(&value, bytes, sizeof value);                                                       \
        return (double)value;                                                                      \
    }
CONVERT(f4, float)
CONVERT(f8, double)
CONVERT(i1, int8_t)
CONVERT(i2, int16_t)
CONVERT(i4, int32_t)
CONVERT(i8, int64_t)
CONVERT(u1, uint8_t)
CONVERT(u2, uint16_t)
CONVERT(u4, uint32_t)
CONVERT(u8, uint64_t)

typedef struct element {
    const char *name;
    int size;
    double (*number)(const void *bytes);
} element_t;

static const element_t elements[] = {{"f4", 4, from_f4}, {"f8", 8, from_f8}, {"i1", 1, from_i1},
                                     {"i2", 2, from_i2}, {"i4", 4, from_i4}, {"i8", 8, from_i8},
                                     {"u1", 1, from_u1}, {"u2", 2, from_u2}, {"u4", 4, from_u4},
                                     {"u8", 8, from_u8}, {"b1", 1, from_u1}};

struct array {
    char *path, *scratch; /* owned */
    stream_t *stream;
    FILE *file; /* Fortran order: read by jumps */
    const element_t *element;
    bool swapped, fortran;
    int64_t n, p;
    int64_t start;      /* bytes before the numbers */
    int64_t block_rows; /* rows in a block */
    char *raw;          /* [block_rows * p * size], in the order of the file */
    double *block;      /* [block_rows, p] */
    int64_t at, held;   /* rows of the block: given, there */
    int64_t done;       /* rows of the array that were read */
};

/* ---- header ------------------------------------------------------------------------------------
 */
static int read_exactly(array_t *array, void *bytes, int64_t size)
{
    int code = TRALO_OK;
    int64_t got;
    TRY(stream_read(array->stream, bytes, size, &got));
    if (got < size)
        FAIL(TRALO_ERR_FILE, "%s: ends early; get a whole copy of the file", array->path);
out:
    return code;
}

static int64_t little(const unsigned char *bytes, int count)
{
    int64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = 256 * value + bytes[i];
    return value;
}

/* The text of the header, zero-terminated and owned by the caller. */
static int read_header(array_t *array, char **out)
{
    int code = TRALO_OK;
    char *text = NULL;
    unsigned char head[PREAMBLE] = {0};
    TRY(read_exactly(array, head, 10));
    if (memcmp(head, "\x93NUMPY", 6) != 0)
        FAIL(TRALO_ERR_INPUT, "%s: is not a NumPy array (.npy); write one with numpy.save",
             array->path);
    if (head[6] < 1 || head[6] > 3)
        FAIL(TRALO_ERR_INPUT, "%s: .npy format version %d is not known; versions 1 to 3 are",
             array->path, head[6]);
    const bool wide = head[6] > 1;
    if (wide)
        TRY(read_exactly(array, head + 10, 2));
    const int64_t length = little(head + 8, wide ? 4 : 2);
    if (length > HEADER_MAX)
        FAIL(TRALO_ERR_INPUT, "%s: the header is damaged: %" PRId64 " bytes long", array->path,
             length);
    ALLOC(text, length + 1);
    TRY(read_exactly(array, text, length));
    array->start = length + (wide ? 12 : 10);
    *out = text;
    text = NULL;
out:
    mem_free(&text);
    return code;
}

/* What follows 'key': in the dict; NULL: the key is not there. */
static const char *find_key(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (at == NULL)
        return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static int read_element(array_t *array, const char *text)
{
    int code = TRALO_OK;
    const int length = (int)strcspn(text, ",}");
    if (text[0] == '\'' && strchr("<>|=", text[1]) != NULL && text[1] != '\0')
        for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
            if (strncmp(text + 2, elements[i].name, 2) == 0 && text[4] == '\'')
                array->element = &elements[i];
    if (array->element == NULL)
        FAIL(TRALO_ERR_INPUT,
             "%s: elements of type %.*s are not read; convert it with "
             "astype('float64')",
             array->path, length < 60 ? length : 60, text);
    array->swapped = text[1] == '>';
out:
    return code;
}

static int read_shape(array_t *array, const char *text)
{
    int code = TRALO_OK, count = 0;
    int64_t shape[2] = {0, 1};
    const char *at = text + (*text == '(');
    const int length = (int)strcspn(text, ")");
    while (*at >= '0' && *at <= '9' && count < 3) {
        char *end;
        const int64_t value = strtoll(at, &end, 10);
        if (count < 2)
            shape[count] = value;
        count++;
        at = end + strspn(end, "L, ");
    }
    if (*text != '(' || *at != ')' || count < 1 || count > 2)
        FAIL(TRALO_ERR_INPUT, "%s: shape %.*s) is not (rows, columns); reshape it", array->path,
             length < 60 ? length : 60, text);
    array->n = shape[0];
    array->p = shape[1];
    if (array->n == 0 || array->p == 0)
        FAIL(TRALO_ERR_INPUT, "%s: is empty: shape (%" PRId64 ", %" PRId64 ")", array->path,
             array->n, array->p);
out:
    return code;
}

static int fail_longer(const array_t *array)
{
    return error_raise(TRALO_ERR_INPUT,
                       "%s: holds more than its %" PRId64 " x %" PRId64 " numbers; save one array "
                       "per file",
                       array->path, array->n, array->p);
}

static int check_size(const array_t *array)
{
    int code = TRALO_OK;
    int64_t needed;
    const int64_t size = stream_size(array->stream);
    const bool packed = stream_packed(array->stream);
    if (array->p > INT_MAX / 2 || __builtin_mul_overflow(array->n, array->p, &needed) ||
        __builtin_mul_overflow(needed, array->element->size, &needed) ||
        (packed ? needed / PACKING_MAX > size : needed > size - array->start))
        FAIL(TRALO_ERR_FILE,
             "%s: ends early: %" PRId64 " bytes cannot hold %" PRId64 " x %" PRId64
             " numbers; get a whole copy of the file",
             array->path, size, array->n, array->p);
    if (!packed && needed < size - array->start)
        TRY(fail_longer(array));
out:
    return code;
}

static int parse_header(array_t *array)
{
    int code = TRALO_OK;
    char *header = NULL;
    TRY(read_header(array, &header));
    const char *descr = find_key(header, "descr"), *order = find_key(header, "fortran_order"),
               *shape = find_key(header, "shape");
    if (descr == NULL || order == NULL || shape == NULL)
        FAIL(TRALO_ERR_INPUT, "%s: the header of this .npy file is damaged: %.60s", array->path,
             header);
    TRY(read_element(array, descr));
    TRY(read_shape(array, shape));
    TRY(check_size(array));
    array->fortran = strncmp(order, "True", 4) == 0 && array->p > 1;
out:
    mem_free(&header);
    return code;
}

/* ---- open and close ----------------------------------------------------------------------------
 */
/* Copies the bytes behind the header into a file that vanishes when it is closed. */
static int unpack(array_t *array)
{
    int code = TRALO_OK, handle = -1;
    int64_t left = array->n * array->p * array->element->size;
    char *name = NULL;
    const size_t size = strlen(array->scratch) + sizeof ".XXXXXX";
    ALLOC(name, (int64_t)size);
    snprintf(name, size, "%s.XXXXXX", array->scratch);
    handle = mkstemp(name);
    if (handle < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot be made: %s", name, strerror(errno));
    unlink(name);
    array->file = fdopen(handle, "w+b");
    for (int64_t got = 1; got > 0;) {
        TRY(stream_read(array->stream, array->raw, BLOCK, &got));
        if (fwrite(array->raw, 1, (size_t)got, array->file) != (size_t)got)
            FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s", name, strerror(errno));
        left -= got;
        if (left < 0)
            TRY(fail_longer(array));
    }
    array->start = 0;
out:
    mem_free(&name);
    return code;
}

static int open_columns(array_t *array)
{
    int code = TRALO_OK;
    if (array->file != NULL)
        goto out;
    if (stream_packed(array->stream)) {
        TRY(unpack(array));
        goto out;
    }
    array->file = fopen(array->path, "rb");
    if (array->file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be opened: %s", array->path, strerror(errno));
out:
    return code;
}

int array_open(const char *path, const char *scratch, array_t **out)
{
    int code = TRALO_OK;
    array_t *array = NULL;
    ALLOC(array, 1);
    TRY(mem_string(path, &array->path));
    TRY(mem_string(scratch, &array->scratch));
    TRY(stream_open(path, &array->stream));
    TRY(parse_header(array));
    const int64_t bytes = array->p * array->element->size;
    array->block_rows = bytes < BLOCK ? BLOCK / bytes : 1;
    if (array->block_rows > array->n)
        array->block_rows = array->n;
    const int64_t raw = array->block_rows * bytes;
    ALLOC(array->raw, raw < BLOCK ? BLOCK : raw);
    ALLOC(array->block, array->block_rows * array->p);
    if (array->fortran)
        TRY(open_columns(array));
    *out = array;
    array = NULL;
out:
    array_close(&array);
    return code;
}

void array_close(array_t **array)
{
    if (*array == NULL)
        return;
    stream_close(&(*array)->stream);
    if ((*array)->file != NULL)
        fclose((*array)->file);
    mem_free(&(*array)->path);
    mem_free(&(*array)->scratch);
    mem_free(&(*array)->raw);
    mem_free(&(*array)->block);
    mem_free(array);
}

int array_rewind(array_t *array)
{
    int code = TRALO_OK;
    array->at = array->held = array->done = 0;
    if (array->fortran)
        goto out;
    TRY(stream_rewind(array->stream));
    for (int64_t left = array->start; left > 0;) {
        const int64_t count = left < BLOCK ? left : BLOCK;
        TRY(read_exactly(array, array->raw, count));
        left -= count;
    }
out:
    return code;
}

/* ---- rows --------------------------------------------------------------------------------------
 */
static double number_at(const array_t *array, int64_t k)
{
    char bytes[8];
    const int size = array->element->size;
    const char *from = array->raw + k * size;
    for (int i = 0; i < size; i++)
        bytes[i] = from[array->swapped ? size - 1 - i : i];
    return array->element->number(bytes);
}

/* Piece j of a column: rows done .. done+rows-1. */
static int read_columns(array_t *array, int64_t rows)
{
    int code = TRALO_OK;
    const int64_t size = array->element->size;
    for (int64_t j = 0; j < array->p; j++) {
        const int64_t offset = array->start + (j * array->n + array->done) * size;
        if (fseeko(array->file, offset, SEEK_SET) != 0 ||
            fread(array->raw + j * rows * size, (size_t)size, (size_t)rows, array->file) !=
                (size_t)rows)
            FAIL(TRALO_ERR_FILE, "%s: ends early; get a whole copy of the file", array->path);
    }
out:
    return code;
}

/* Behind the last number of a stream, where the check sum of packed data is. */
static int check_end(array_t *array)
{
    int code = TRALO_OK;
    char byte;
    int64_t got;
    TRY(stream_read(array->stream, &byte, 1, &got));
    if (got > 0)
        TRY(fail_longer(array));
out:
    return code;
}

static int read_block(array_t *array)
{
    int code = TRALO_OK;
    const int64_t left = array->n - array->done, p = array->p;
    const int64_t rows = left < array->block_rows ? left : array->block_rows;
    if (array->fortran)
        TRY(read_columns(array, rows));
    else
        TRY(read_exactly(array, array->raw, rows * p * array->element->size));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < p; j++)
            array->block[i * p + j] = number_at(array, array->fortran ? j * rows + i : i * p + j);
    if (rows == left && !array->fortran)
        TRY(check_end(array));
    array->done += rows;
    array->held = rows;
    array->at = 0;
out:
    return code;
}

int array_next(array_t *array, const double **row)
{
    int code = TRALO_OK;
    *row = NULL;
    if (array->at == array->held && array->done < array->n)
        TRY(read_block(array));
    if (array->at < array->held)
        *row = array->block + array->at++ * array->p;
out:
    return code;
}

int64_t array_rows(const array_t *array)
{
    return array->n;
}

int64_t array_columns(const array_t *array)
{
    return array->p;
}
