/* SPDX-License-Identifier: BSD-3-Clause */
/* Linked into every program of a build with sanitizers (meson -Db_sanitize=...): what
   AddressSanitizer shall pass over, so that each leak it tells of is ours. */

const char *__asan_default_options(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);
int dlclose(void *handle);

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
   cannot be seen in the stack. */
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
