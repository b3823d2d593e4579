/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/mem.h"

enum { BUFFER = 1 << 18, PACKED = 1 << 15, MAGIC = 8 };
static const int64_t longest_line = INT64_C(1) << 30;

struct stream {
    char *path;                  /* owned */
    const struct unpacker *kind; /* how bytes are read */
    int64_t size;                /* of the file */
    FILE *file;
    unsigned char *packed; /* [PACKED] bytes of the file, before they are unpacked */
    z_stream gz;
    lzma_stream xz;
    bool ended;       /* the packed data have come to an end (gzip: a member has) */
    char *buffer;     /* [BUFFER] */
    int64_t at, held; /* buffer[at .. held-1] is still to be given */
    char *line;       /* [capacity] */
    int64_t length, capacity;
    int64_t number;
};

typedef struct unpacker {
    int (*open)(stream_t *stream);
    int (*read)(stream_t *stream, void *bytes, size_t size, size_t *got);
    void (*close)(stream_t *stream);
} unpacker_t;

/* ---- plain -------------------------------------------------------------------------------------
 */
static int plain_open(stream_t *stream)
{
    int code = TRALO_OK;
    stream->file = fopen(stream->path, "rb");
    if (stream->file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be opened: %s", stream->path, strerror(errno));
out:
    return code;
}

static int plain_read(stream_t *stream, void *bytes, size_t size, size_t *got)
{
    int code = TRALO_OK;
    *got = fread(bytes, 1, size, stream->file);
    if (*got < size && ferror(stream->file))
        FAIL(TRALO_ERR_FILE, "%s: cannot be read: %s", stream->path, strerror(errno));
out:
    return code;
}

static void plain_close(stream_t *stream)
{
    if (stream->file != NULL)
        fclose(stream->file);
    stream->file = NULL;
}

static int packed_open(stream_t *stream)
{
    int code = TRALO_OK;
    stream->ended = false;
    TRY(plain_open(stream));
    if (stream->packed == NULL)
        ALLOC(stream->packed, PACKED);
out:
    return code;
}

static int fail_damaged(const stream_t *stream, const char *kind)
{
    return error_raise(TRALO_ERR_FILE,
                       "%s: cannot be read: the %s data is damaged or ends early; get a whole copy "
                       "of the file",
                       stream->path, kind);
}

/* ---- gzip: members behind each other, and zeros behind the last -------------------------------
 */
static int gz_open(stream_t *stream)
{
    int code = TRALO_OK;
    const int window = 15, gzip = 16;
    memset(&stream->gz, 0, sizeof stream->gz);
    TRY(packed_open(stream));
    if (inflateInit2(&stream->gz, window + gzip) != Z_OK)
        FAIL(TRALO_ERR_MEMORY, "%s: no memory to unpack it", stream->path);
out:
    return code;
}

/* Makes sure of a byte to unpack, in the next member where one has ended; *more: there is one. */
static int gz_next(stream_t *stream, bool *more)
{
    int code = TRALO_OK;
    z_stream *gz = &stream->gz;
    size_t got = 1;
    do {
        for (; stream->ended && gz->avail_in > 0 && *gz->next_in == 0; gz->avail_in--)
            gz->next_in++;
        if (gz->avail_in > 0)
            break;
        TRY(plain_read(stream, stream->packed, PACKED, &got));
        gz->next_in = stream->packed;
        gz->avail_in = (uInt)got;
    } while (got > 0);
    *more = gz->avail_in > 0;
    if (!*more && !stream->ended)
        TRY(fail_damaged(stream, "gzip"));
    if (*more && stream->ended)
        inflateReset(gz);
    stream->ended = !*more;
out:
    return code;
}

static int gz_read(stream_t *stream, void *bytes, size_t size, size_t *got)
{
    int code = TRALO_OK;
    bool more = true;
    z_stream *gz = &stream->gz;
    gz->next_out = bytes;
    gz->avail_out = (uInt)size;
    while (gz->avail_out > 0) {
        TRY(gz_next(stream, &more));
        if (!more)
            break;
        const int status = inflate(gz, Z_NO_FLUSH);
        stream->ended = status == Z_STREAM_END;
        if (status != Z_OK && status != Z_STREAM_END)
            TRY(fail_damaged(stream, "gzip"));
    }
    *got = size - gz->avail_out;
out:
    return code;
}

static void gz_close(stream_t *stream)
{
    inflateEnd(&stream->gz);
    plain_close(stream);
}

/* ---- xz ----------------------------------------------------------------------------------------
 */
static int xz_open(stream_t *stream)
{
    int code = TRALO_OK;
    const lzma_stream fresh = LZMA_STREAM_INIT;
    stream->xz = fresh;
    TRY(packed_open(stream));
    if (lzma_stream_decoder(&stream->xz, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
        FAIL(TRALO_ERR_MEMORY, "%s: no memory to unpack it", stream->path);
out:
    return code;
}

static int xz_read(stream_t *stream, void *bytes, size_t size, size_t *got)
{
    int code = TRALO_OK;
    lzma_stream *xz = &stream->xz;
    xz->next_out = bytes;
    xz->avail_out = size;
    while (xz->avail_out > 0 && !stream->ended) {
        if (xz->avail_in == 0) {
            xz->next_in = stream->packed;
            TRY(plain_read(stream, stream->packed, PACKED, &xz->avail_in));
        }
        lzma_ret status = lzma_code(xz, xz->avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
        stream->ended = status == LZMA_STREAM_END;
        if (status != LZMA_OK && status != LZMA_STREAM_END)
            TRY(fail_damaged(stream, "xz"));
    }
    *got = size - xz->avail_out;
out:
    return code;
}

static void xz_close(stream_t *stream)
{
    lzma_end(&stream->xz);
    plain_close(stream);
}

static const unpacker_t unpack_none = {plain_open, plain_read, plain_close};
static const unpacker_t unpack_gz = {gz_open, gz_read, gz_close};
static const unpacker_t unpack_xz = {xz_open, xz_read, xz_close};

/* ---- what the first bytes say ------------------------------------------------------------------
 */
static const struct {
    const char *magic;
    int size;
    const unpacker_t *kind; /* NULL: refused */
    const char *advice;
} magics[] = {
    {"\xFD"
     "7zXZ",
     6, &unpack_xz, NULL},
    {"\x1F\x8B", 2, &unpack_gz, NULL},
    {"BZh", 3, NULL, "is packed with bzip2; unpack it with bunzip2"},
    {"\x28\xB5\x2F\xFD", 4, NULL, "is packed with zstd; unpack it with unzstd"},
    {"PK\x03\x04", 4, NULL, "is a zip or npz archive; unpack it with unzip"},
    {"\x89HDF", 4, NULL, "is HDF5 already; use it as it is"},
    {"\xFF\xFE", 2, NULL, "is UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF", 2, NULL, "is UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
};

static int choose_unpacker(stream_t *stream, const char *start)
{
    int code = TRALO_OK;
    stream->kind = &unpack_none;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (memcmp(start, magics[i].magic, (size_t)magics[i].size) == 0) {
            if (magics[i].kind == NULL)
                FAIL(TRALO_ERR_INPUT, "%s: %s", stream->path, magics[i].advice);
            stream->kind = magics[i].kind;
            break;
        }
out:
    return code;
}

static int inspect(stream_t *stream)
{
    int code = TRALO_OK;
    struct stat status;
    char start[MAGIC] = {0};
    FILE *file = NULL;
    if (stat(stream->path, &status) != 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot be opened: %s", stream->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        FAIL(TRALO_ERR_FILE, "%s: is not a regular file; it is read more than once, so give a file",
             stream->path);
    if (status.st_size == 0)
        FAIL(TRALO_ERR_INPUT, "%s: is empty", stream->path);
    stream->size = status.st_size;
    file = fopen(stream->path, "rb");
    if (file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be opened: %s", stream->path, strerror(errno));
    if (fread(start, 1, MAGIC, file) == 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot be read: %s", stream->path, strerror(errno));
    TRY(choose_unpacker(stream, start));
out:
    if (file != NULL)
        fclose(file);
    return code;
}

int stream_open(const char *path, stream_t **out)
{
    int code = TRALO_OK;
    stream_t *stream = NULL;
    ALLOC(stream, 1);
    TRY(mem_string(path, &stream->path));
    TRY(inspect(stream));
    ALLOC(stream->buffer, BUFFER);
    stream->capacity = BUFFER;
    ALLOC(stream->line, stream->capacity);
    TRY(stream->kind->open(stream));
    *out = stream;
    stream = NULL;
out:
    stream_close(&stream);
    return code;
}

void stream_close(stream_t **stream)
{
    if (*stream == NULL)
        return;
    if ((*stream)->kind != NULL)
        (*stream)->kind->close(*stream);
    mem_free(&(*stream)->path);
    mem_free(&(*stream)->packed);
    mem_free(&(*stream)->buffer);
    mem_free(&(*stream)->line);
    mem_free(stream);
}

int stream_rewind(stream_t *stream)
{
    stream->kind->close(stream);
    stream->at = stream->held = stream->number = 0;
    return stream->kind->open(stream);
}

static int refill(stream_t *stream)
{
    int code = TRALO_OK;
    size_t got = 0;
    TRY(stream->kind->read(stream, stream->buffer, BUFFER, &got));
    stream->at = 0;
    stream->held = (int64_t)got;
out:
    return code;
}

static int append(stream_t *stream, const char *bytes, int64_t count)
{
    int code = TRALO_OK;
    char *larger = NULL;
    if (stream->length + count >= longest_line)
        FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": the line is longer than 1 GiB; is this a text file?",
             stream->path, stream->number);
    if (stream->length + count >= stream->capacity) {
        int64_t capacity = 2 * (stream->length + count);
        ALLOC(larger, capacity);
        memcpy(larger, stream->line, (size_t)stream->length);
        mem_free(&stream->line);
        stream->line = larger;
        stream->capacity = capacity;
    }
    memcpy(stream->line + stream->length, bytes, (size_t)count);
    stream->length += count;
    stream->line[stream->length] = '\0';
out:
    return code;
}

/* Appends the rest of this line; *found says whether there was one. */
static int append_line(stream_t *stream, bool *found)
{
    int code = TRALO_OK;
    bool ended = false;
    *found = false;
    while (!ended) {
        if (stream->at == stream->held)
            TRY(refill(stream));
        int64_t left = stream->held - stream->at;
        if (left == 0)
            break;
        if (!*found)
            stream->number++;
        *found = true;
        const char *start = stream->buffer + stream->at;
        const char *end = memchr(start, '\n', (size_t)left);
        ended = end != NULL;
        int64_t count = ended ? end - start : left;
        if (memchr(start, '\0', (size_t)count) != NULL)
            FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": a zero byte; this is not a text file",
                 stream->path, stream->number);
        TRY(append(stream, start, count));
        stream->at += ended ? count + 1 : count;
    }
    if (stream->length > 0 && stream->line[stream->length - 1] == '\r')
        stream->line[--stream->length] = '\0';
out:
    return code;
}

int stream_line(stream_t *stream, char **line)
{
    int code = TRALO_OK;
    bool found;
    stream->length = 0;
    stream->line[0] = '\0';
    TRY(append_line(stream, &found));
    bool marked = stream->number == 1 && strncmp(stream->line, "\xEF\xBB\xBF", 3) == 0;
    *line = found ? stream->line + (marked ? 3 : 0) : NULL;
out:
    return code;
}

int stream_join(stream_t *stream, char **line)
{
    int code = TRALO_OK;
    bool found;
    char *start = stream->line;
    int64_t skipped = *line - start;
    TRY(append(stream, "\n", 1));
    TRY(append_line(stream, &found));
    *line = found ? stream->line + skipped : NULL;
out:
    return code;
}

int stream_read(stream_t *stream, void *bytes, int64_t size, int64_t *got)
{
    int code = TRALO_OK;
    int64_t done = 0;
    while (done < size) {
        if (stream->at == stream->held)
            TRY(refill(stream));
        int64_t left = stream->held - stream->at, wanted = size - done;
        int64_t count = left < wanted ? left : wanted;
        if (count == 0)
            break;
        memcpy((char *)bytes + done, stream->buffer + stream->at, (size_t)count);
        stream->at += count;
        done += count;
    }
    *got = done;
out:
    return code;
}

const char *stream_path(const stream_t *stream)
{
    return stream->path;
}

int64_t stream_number(const stream_t *stream)
{
    return stream->number;
}

int64_t stream_size(const stream_t *stream)
{
    return stream->size;
}

bool stream_packed(const stream_t *stream)
{
    return stream->kind != &unpack_none;
}
