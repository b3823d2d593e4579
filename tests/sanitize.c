/* SPDX-License-Identifier: BSD-3-Clause */
/* Linked into every program of a build with sanitizers (meson -Db_sanitize=...): what
   AddressSanitizer shall pass over, so that each leak it tells of is ours. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

const char *__asan_default_options(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);
void __lsan_disable(void);
void __lsan_enable(void);

/* The search for leaks follows what __tls_get_addr was seen to give, which for some libraries that
   were loaded late is no address: it then crashes, and says so in the name of a sound program. */
const char *__asan_default_options(void)
{
    return "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:"
           "intercept_tls_get_addr=0";
}

/* Silent, so that what a program says on standard error can be compared. */
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

/* The libraries keep some memory until the process ends; vasprintf is theirs alone, and its callers
   cannot be seen in the stack. To find the names takes longer than most programs run: what is known
   to be kept in every run is left out below. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libopen-pal.so\n"
           "leak:libopen-rte.so\n"
           "leak:libmpi.so\n"
           "leak:libhwloc.so\n"
           "leak:libpmix.so\n"
           "leak:libevent\n"
           "leak:openmpi/lib/openmpi3\n"
           "leak:pmix2/lib/pmix\n"
           "leak:__vasprintf_internal\n"
           "leak:libhdf5\n";
}

/* Open MPI closes its plug-ins before the leaks are looked for; kept open, they have names. */
int dlclose(void *handle)
{
    (void)handle;
    return 0;
}

/* ---- nothing that Open MPI allocates as it begins and ends is a leak, nor by its threads ---- */

static _Atomic bool beginning;

typedef struct thread {
    void *(*run)(void *argument);
    void *argument;
} thread_t;

static void *run_apart(void *argument)
{
    const thread_t thread = *(thread_t *)argument;
    __lsan_disable();
    free(argument);
    return thread.run(thread.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    typedef int create_t(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    create_t *create;
    thread_t *apart = beginning ? malloc(sizeof *apart) : NULL;
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (apart == NULL)
        return create(thread, attributes, run, argument);
    *apart = (thread_t){run, argument};
    return create(thread, attributes, run_apart, apart);
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    __lsan_disable();
    beginning = true;
    const int code = PMPI_Init_thread(argc, argv, required, provided);
    beginning = false;
    __lsan_enable();
    return code;
}

int MPI_Finalize(void)
{
    __lsan_disable();
    const int code = PMPI_Finalize();
    __lsan_enable();
    return code;
}
