/* SPDX-License-Identifier: BSD-3-Clause */
/* The k-th block that is fetched since the last restart is block k mod blocks, in slot k mod SLOTS:

       thread    while fetched - released < SLOTS: fetch block `fetched`, outside of the lock
       caller    next: release the block before; wait until fetched > released
                 rewind: release; in the middle of a pass restart, which spoils what is under way

   A failure stops the thread. What was fetched before it is still handed out. The slots are one
   piece of memory in huge pages, where the system has them: what a disk writes to memory goes in as
   many requests as there are pages (measured beside `direct.h`: 1.2 GB/s became 3.5). */
#define _GNU_SOURCE /* madvise */
#include "data/read_ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/mem.h"

enum { STACK_BYTES = 1 << 21 };

struct read_ahead {
    read_ahead_source_t source;
    char *memory; /* owned */
    char *slots;  /* in it, each `stride` bytes */
    int64_t stride;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    int64_t fetched, released;
    int64_t restarts;
    bool held;   /* the caller has block `released` */
    bool missed; /* the caller has asked for a block that could not be fetched */
    bool ends;
    int code;
    char message[ERROR_TEXT];
    double waited; /* the caller's alone */
};

static bool has_work(const read_ahead_t *r)
{
    return r->code == TRALO_OK && r->fetched - r->released < READ_AHEAD_SLOTS;
}

static char *slot(const read_ahead_t *r, int64_t k)
{
    return r->slots + k % READ_AHEAD_SLOTS * r->stride;
}

/* Outside of the lock. */
static int fetch(const read_ahead_t *r, int64_t k)
{
    const read_ahead_source_t *source = &r->source;
    return source->fetch(source->context, k % source->blocks, slot(r, k));
}

static void *work(void *argument)
{
    read_ahead_t *r = argument;
    pthread_mutex_lock(&r->mutex);
    while (!r->ends) {
        if (!has_work(r)) {
            pthread_cond_wait(&r->changed, &r->mutex);
            continue;
        }
        const int64_t k = r->fetched, restarts = r->restarts;
        pthread_mutex_unlock(&r->mutex);
        const int code = fetch(r, k);
        pthread_mutex_lock(&r->mutex);
        if (code != TRALO_OK) {
            r->code = code;
            snprintf(r->message, sizeof r->message, "%s", tralo_error_message());
        } else if (restarts == r->restarts) {
            r->fetched++;
        }
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

static int64_t stride_of(int64_t bytes)
{
    return (bytes + READ_AHEAD_ALIGNED - 1) / READ_AHEAD_ALIGNED * READ_AHEAD_ALIGNED;
}

int64_t read_ahead_memory(int64_t bytes)
{
    return READ_AHEAD_SLOTS * stride_of(bytes) + READ_AHEAD_ALIGNED;
}

static int make_slots(read_ahead_t *r)
{
    int code = TRALO_OK;
    ALLOC(r->memory, read_ahead_memory(r->source.bytes));
    r->stride = stride_of(r->source.bytes);
    r->slots = r->memory + READ_AHEAD_ALIGNED - (uintptr_t)r->memory % READ_AHEAD_ALIGNED;
    madvise(r->slots, (size_t)(READ_AHEAD_SLOTS * r->stride), MADV_HUGEPAGE);
out:
    return code;
}

/* Signals are for the threads that were there before. */
static int start(read_ahead_t *r)
{
    int code = TRALO_OK;
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&r->thread, &attributes, work, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error != 0)
        FAIL(TRALO_ERR_MEMORY, "cannot start a thread that reads ahead: %s", strerror(error));
    r->started = true;
out:
    return code;
}

int read_ahead_create(const read_ahead_source_t *source, read_ahead_t **out)
{
    int code = TRALO_OK;
    read_ahead_t *r = NULL;
    ALLOC(r, 1);
    r->source = *source;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    TRY(make_slots(r));
    TRY(start(r));
    *out = r;
    r = NULL;
out:
    read_ahead_free(&r);
    return code;
}

void read_ahead_free(read_ahead_t **ahead)
{
    read_ahead_t *r = *ahead;
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->mutex);
    r->ends = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    if (r->started)
        pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    mem_free(&r->memory);
    mem_free(ahead);
}

static void release(read_ahead_t *r)
{
    r->released += r->held;
    r->held = false;
    pthread_cond_broadcast(&r->changed);
}

const void *read_ahead_next(read_ahead_t *r)
{
    const void *block = NULL;
    pthread_mutex_lock(&r->mutex);
    release(r);
    if (r->fetched == r->released && r->code == TRALO_OK) {
        const double started = clock_seconds();
        while (r->fetched == r->released && r->code == TRALO_OK)
            pthread_cond_wait(&r->changed, &r->mutex);
        r->waited += clock_seconds() - started;
    }
    if (r->fetched > r->released) {
        r->held = true;
        block = slot(r, r->released);
    }
    r->missed = r->missed || block == NULL;
    pthread_mutex_unlock(&r->mutex);
    return block;
}

void read_ahead_rewind(read_ahead_t *r)
{
    pthread_mutex_lock(&r->mutex);
    release(r);
    if (r->released % r->source.blocks != 0) {
        r->restarts++;
        r->fetched = r->released = 0;
    }
    pthread_mutex_unlock(&r->mutex);
}

int read_ahead_failure(read_ahead_t *r)
{
    int code = TRALO_OK;
    pthread_mutex_lock(&r->mutex);
    const int found = r->missed ? r->code : TRALO_OK;
    pthread_mutex_unlock(&r->mutex);
    if (found != TRALO_OK)
        FAIL(found, "%s", r->message);
out:
    return code;
}

double read_ahead_waited(const read_ahead_t *r)
{
    return r->waited;
}
