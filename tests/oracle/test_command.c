/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs that answer, fail, hang, leave children, print too much: what is made of it, and that
   nothing is left running. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oracle/kinds.h"
#include "oracle/words.h"
#include "support.h"

enum { PATH_SIZE = 512 };

static char lr[] = "lr", w[] = "w";
static space_parameter_t list[] = {
    {.name = lr, .count = 1, .scale = SPACE_LOG, .lower = 1e-5, .upper = 1.0},
    {.name = w, .vector = true, .count = 3, .lower = 0.0, .upper = 9.0, .integer = true}};
static const space_t space = {.parameters = 2, .count = 4, .list = list};
static const double values[] = {0.1, 1.0, 2.0, 3.0};

static bool asked;
static double stop_at; /* clock_seconds() */

static bool stop(void *argument)
{
    (void)argument;
    return asked || (stop_at > 0.0 && clock_seconds() > stop_at);
}

static void set(void *options, const char *name, const char *text)
{
    for (const param_t *row = oracle_command.params; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            CHECK_OK(param_set(row, options, text));
}

/* Options with the line and further "name", "text" pairs, NULL at the end; the folder has a blank
   and a quote in its name. */
static void *options(const char *run, const char *const *more)
{
    static int made = 0;
    char path[PATH_SIZE], name[64];
    void *out = NULL;
    CHECK_OK(mem_alloc((int64_t)oracle_command.options_size, 1, &out));
    param_presets(oracle_command.params, out);
    snprintf(name, sizeof name, "it's a folder %d", made++);
    test_path(name, path, sizeof path);
    set(out, "folder", path);
    set(out, "directory", "/tmp");
    set(out, "run", run);
    set(out, "grace", "0.3");
    set(out, "backoff", "0.01");
    for (int i = 0; more != NULL && more[i] != NULL; i += 2)
        set(out, more[i], more[i + 1]);
    return out;
}

static void release(void **options)
{
    param_release(oracle_command.params, *options);
    mem_free(options);
}

/* Runs trial 7 with draw 5. */
static int run(const void *options, oracle_answer_t *answer)
{
    int code = TRALO_OK;
    void *work = NULL;
    const oracle_setup_t setup = {.options = options, .space = &space, .stop = stop};
    const oracle_trial_t trial = {.number = 7, .draw = 5, .values = values};
    asked = false;
    TRY(oracle_command.prepare(options, false));
    TRY(oracle_command.create(&setup, &work));
    TRY(oracle_run(&oracle_command, work, &trial, answer));
out:
    if (work != NULL)
        oracle_command.destroy(&work);
    return code;
}

static oracle_answer_t answer_of(const char *line, const char *const *more)
{
    oracle_answer_t answer = {.value = NAN};
    void *chosen = options(line, more);
    CHECK_OK(run(chosen, &answer));
    release(&chosen);
    return answer;
}

static void expect(double value, const char *line, const char *const *more)
{
    const oracle_answer_t answer = answer_of(line, more);
    if (!answer.valid)
        printf("%s: %s\n", line, answer.failure);
    CU_ASSERT(answer.valid && !answer.stopped && answer.value == value);
}

static void expect_failure(const char *part, const char *line, const char *const *more)
{
    const oracle_answer_t answer = answer_of(line, more);
    if (strstr(answer.failure, part) == NULL)
        printf("%s: not '%s' but '%s'\n", line, part, answer.failure);
    CU_ASSERT(!answer.valid && !answer.stopped && strstr(answer.failure, part) != NULL);
}

static const char *const by_file[] = {"value", "file", NULL};

static void values_are_read(void)
{
    expect(2.5, "echo '{{\"value\": 1}}'; echo '{{\"value\": 2.5, \"x\": [1]}}'; echo done", NULL);
    expect(3.0, "echo '  {{\"value\": 3}}'; printf '{{\"value\": '", NULL);
    expect(4.0, "printf '{{\"value\": 4}}'", NULL);
    expect(-1.5, "echo ' -1.5 ' >{value}", by_file);
    expect(6.0, "echo '{{\"value\": 6}}' >{value}", by_file);
    expect(7.0, "echo 7 >\"$TRALO_VALUE\"", by_file);
    expect(8.0, "echo '{{\"a\": [NaN, -Infinity], \"b\": {{\"value\": NaN}}, \"value\": 8}}'",
           NULL);
    expect(9.0,
           "echo '{{\"n\": 123456789012345678901234567890, \"t\": \"\\\"NaN\", \"value\": 9}}'",
           NULL);
    expect(10.0, "printf '{{\"value\": 10%3000s}}' '' >{value}", by_file);
}

static void values_are_missing(void)
{
    expect_failure("no line that it printed is a JSON object", "echo 3", NULL);
    expect_failure("no line that it printed is a JSON object", "true", NULL);
    expect_failure("no line that it printed is a JSON object", "head -c 300000 /dev/urandom", NULL);
    expect_failure("no line that it printed", "head -c 2000000 /dev/zero | tr '\\0' '\\n'", NULL);
    expect_failure("no number called \"value\"", "echo '{{\"loss\": 3}}'", NULL);
    expect_failure("no number called \"value\"", "echo '{{\"value\": \"3\"}}'", NULL);
    expect_failure("its value is nan", "echo '{{\"a\": 1, \"value\": NaN}}'", NULL);
    expect_failure("its value is inf", "echo '{{\"value\": Infinity}}'", NULL);
    expect_failure("its value is -inf", "echo '{{\"value\": -Infinity}}'", NULL);
    expect_failure("(the last with a brace: duplicate object key", "echo '{{\"a\": 1, \"a\": 2}}'",
                   NULL);
    expect_failure("its value is nan", "echo nan >{value}", by_file);
    expect_failure("it wrote no file", "true", by_file);
    expect_failure("its file has neither", "echo lost >{value}", by_file);
}

static void programs_fail(void)
{
    expect_failure("ended with status 3; its last words: no data | none",
                   "echo '{{\"value\": 1}}';"
                   "printf 'no data\\nnone\\n' >&2; exit 3",
                   NULL);
    expect_failure("killed by signal 11 (Segmentation fault)", "kill -SEGV $$", NULL);
    expect_failure("status 127; its last words: ", "/no/such/program", NULL);
    oracle_answer_t answer =
        answer_of("head -c 9000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1", NULL);
    CU_ASSERT(strlen(answer.failure) > 200 && strstr(answer.failure, "xx | end") == NULL);
    CU_ASSERT(strcmp(answer.failure + strlen(answer.failure) - 4, "xend") == 0);
}

/* Is the process that wrote its number to that file of the trial still running? */
static bool runs(const void *options, const char *name)
{
    const oracle_common_t *common = options;
    char path[PATH_SIZE], number[32] = "", state = '?';
    snprintf(path, sizeof path, "%s/000007/%s", common->folder, name);
    FILE *file = fopen(path, "r");
    CU_ASSERT(file != NULL && fgets(number, sizeof number, file) != NULL);
    if (file != NULL)
        fclose(file);
    const long pid = strtol(number, NULL, 10);
    CU_ASSERT(pid > 0);
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    CU_ASSERT(fscanf(file, "%*d %*[^)]) %c", &state) == 1);
    fclose(file);
    return state != 'Z' && state != 'X';
}

/* The program has a child that writes its number to `child`. */
static void nothing_stays(const char *part, const char *line, const char *const *more)
{
    oracle_answer_t answer;
    void *chosen = options(line, more);
    const double began = clock_seconds();
    CHECK_OK(run(chosen, &answer));
    CU_ASSERT(clock_seconds() - began < 5.0);
    CU_ASSERT(strstr(answer.failure, part) != NULL);
    for (int i = 0; i < 100 && runs(chosen, "child"); i++)
        usleep(10000);
    CU_ASSERT_FALSE(runs(chosen, "child"));
    release(&chosen);
}

static void nothing_is_left(void)
{
    static const char *const limit[] = {"time_limit", "0.2", "retries", "5", NULL};
    static const char *const little[] = {"output_limit", "0.5", NULL};
    nothing_stays("", "sleep 100 & echo $! >{folder}/child; echo '{{\"value\": 1}}'", NULL);
    nothing_stays("after the time limit of 0.2 s", "sleep 100 & echo $! >{folder}/child; wait",
                  limit);
    nothing_stays("after the time limit",
                  "trap '' TERM; echo $$ >{folder}/child; sleep 100; sleep "
                  "100",
                  limit);
    nothing_stays("after the time limit", /* in a group, or a session, of its own */
                  "timeout 100 sh -c 'echo $$ >\"$TRALO_FOLDER/child\"; exec sleep 100'; true",
                  limit);
    nothing_stays(
        "after the time limit",
        "setsid sh -c 'trap \"\" TERM; echo $$ >\"$TRALO_FOLDER/child\"; sleep 100; sleep 100'"
        " & sleep 100",
        limit);
    nothing_stays("printed more than 0.5 MB", "echo $$ >{folder}/child; exec yes", little);
}

static void retries(void)
{
    static const char *const twice[] = {"retries", "2", NULL};
    static const char count[] = "echo x >>{folder}/runs; n=$(wc -l <{folder}/runs); ";
    char line[PATH_SIZE];
    snprintf(line, sizeof line, "%s echo \"{{\\\"value\\\": $n}}\"; [ $n = 3 ]", count);
    expect(3.0, line, twice);
    snprintf(line, sizeof line, "%s [ $n = 4 ] && echo '{{\"value\": 1}}' || exit $n", count);
    expect_failure("ended with status 3", line, twice);
    snprintf(line, sizeof line,
             "%s echo \"{{\\\"value\\\": $( [ $n = 1 ] && echo NaN || echo 1)}}\"", count);
    expect_failure("its value is nan", line, twice);
}

static void stops(void)
{
    static const char *const often[] = {"retries", "1000", "backoff", "1000", NULL};
    const double began = clock_seconds();
    stop_at = began + 0.1;
    oracle_answer_t answer = answer_of("sleep 100", NULL);
    CU_ASSERT(answer.stopped && !answer.valid);
    stop_at = clock_seconds() + 0.1;
    answer = answer_of("false", often);
    CU_ASSERT(answer.stopped && !answer.valid);
    stop_at = 0.0;
    CU_ASSERT(clock_seconds() - began < 5.0);
}

/* Whoever started us may ignore the end of children. */
static void children_are_noticed(void)
{
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    expect_failure("ended with status 3", "echo '{{\"value\": 1}}'; exit 3", NULL);
    signal(SIGCHLD, before);
}

/* What a program is told, by each way. */
static void is_told(void)
{
    static const char good[] = "; echo '{{\"value\": 1}}'";
    static const char *const tests[] = {
        "[ {lr} = 0.1 ] && [ {w} = 1,2,3 ] && [ {w[2]} = 3 ] && [ {seed},{trial} = 5,7 ]",
        "[ $TRALO_PARAMETER_lr = 0.1 ] && [ $TRALO_PARAMETER_w = 1,2,3 ] && [ $TRALO_SEED = 5 ]",
        "[ $TRALO_TRIAL = 7 ] && [ \"$TRALO_FOLDER\" = {folder} ] && [ -d {folder} ]",
        "[ {value} = {folder}/value ] && [ $(pwd -P) = $(cd /tmp; pwd -P) ]",
        "[ \"$(cat {parameters})\" = '{{\"lr\": 0.1, \"w\": [1,2,3], \"seed\": 5, \"trial\": 7}}' "
        "]",
        "[ \"$TRALO_PARAMETERS\" = {parameters} ] && [ -z \"$(cat)\" ] && [ -z \"$(ls "
        "/proc/self/fd "
        "| tail -n +5)\" ]"};
    char line[PATH_SIZE];
    setenv("TRALO_SEED", "of another", 1);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        snprintf(line, sizeof line, "{{ %s; }} || exit 1%s", tests[i], good);
        expect(1.0, line, NULL);
    }
    unsetenv("TRALO_SEED");
}

/* Of the program on vectors x0, x1, ... of zeros. */
static oracle_answer_t answer_on(int vectors, int length, const char *line, const char *const *more)
{
    enum { MOST = 12 };
    static double zeros[MOST * 25000];
    char names[MOST][16];
    space_parameter_t all[MOST];
    oracle_answer_t answer = {.valid = false};
    void *work = NULL, *chosen = options(line, more);
    const space_t wide = {.parameters = vectors, .count = vectors * length, .list = all};
    const oracle_setup_t setup = {.options = chosen, .space = &wide, .stop = stop};
    const oracle_trial_t trial = {.number = 7, .values = zeros};
    for (int k = 0; k < vectors; k++) {
        snprintf(names[k], sizeof names[k], "x%d", k);
        all[k] =
            (space_parameter_t){.name = names[k], .vector = true, .count = length, .upper = 1.0};
    }
    CHECK_OK(oracle_command.prepare(chosen, false));
    if (CHECK_OK(oracle_command.create(&setup, &work)))
        CHECK_OK(oracle_run(&oracle_command, work, &trial, &answer));
    oracle_command.destroy(&work);
    release(&chosen);
    return answer;
}

/* What is too long for the environment, or the line, is in the file. */
static void long_vectors(void)
{
    static const char *const often[] = {"retries", "1000", "backoff", "1000", NULL};
    oracle_answer_t answer =
        answer_on(1, 50000,
                  "[ -z \"$TRALO_PARAMETER_x0\" ] && n=$(tr -cd , <{parameters}"
                  " | wc -c) && echo \"{{\\\"value\\\": $n}}\"",
                  NULL);
    CU_ASSERT(answer.valid && answer.value == 50001);
    answer = answer_on(12, 25000,
                       "[ -n \"$TRALO_PARAMETER_x8\" ] && [ -z \"$TRALO_PARAMETER_x11\" ] && "
                       "echo '{{\"value\": 1}}'",
                       NULL);
    CU_ASSERT(answer.valid && answer.value == 1.0);
    if (getenv("TRALO_TEST_VALGRIND") != NULL)
        return; /* which ends a process whose execve fails */
    answer = answer_on(1, 50000, ": {x0} {x0}", often);
    CU_ASSERT(!answer.valid && strstr(answer.failure, "there is {parameters})") != NULL);
}

static void refuse(const char *part, const char *line)
{
    void *chosen = options(line, NULL);
    CHECK_FAILS(oracle_command.check(chosen, &space), TRALO_ERR_INPUT, part);
    release(&chosen);
}

static void lines_are_checked(void)
{
    refuse("run: there is no placeholder '{rate}'; there are {lr}, {w}, {seed}, ", "a {rate}");
    refuse("no placeholder '{w[3]}'", "a {w[3]}");
    refuse("no placeholder '{w[]}'", "a {w[]}");
    refuse("no placeholder '{lr[0]}'", "a {lr[0]}");
    refuse("no placeholder '{HOME}'", "a ${HOME}");
    refuse("no } follows '{lr'", "a {lr");
    void *chosen = options("a {lr} {{b}} {w[0]} {seed} }", NULL);
    CHECK_OK(oracle_command.check(chosen, &space));
    set(chosen, "run", "");
    release(&chosen);
    CU_ASSERT(words_reserved("seed") && !words_reserved("seeds") && !words_reserved("see"));
}

static void folders(void)
{
    oracle_answer_t answer;
    void *chosen = options("echo '{{\"value\": 1}}'", NULL);
    CHECK_OK(run(chosen, &answer));
    CHECK_FAILS(run(chosen, &answer), TRALO_ERR_INPUT, "has something in it");
    CHECK_OK(oracle_command.prepare(chosen, true));
    set(chosen, "folder", "/no/such/folder");
    CHECK_FAILS(run(chosen, &answer), TRALO_ERR_FILE, "cannot make the folder /no/such/folder");
    release(&chosen);
}

/* The k-th allocation fails, for all k: an error or an outcome, and nothing leaks. */
static void memory_fails(void)
{
    oracle_answer_t answer = {.valid = false};
    bool done = false;
    for (int64_t k = 0; !done && k < 1000; k++) {
        char path[PATH_SIZE], name[32];
        void *chosen = options("echo '{{\"value\": 1}}'", NULL);
        snprintf(name, sizeof name, "short %d", (int)k);
        test_path(name, path, sizeof path);
        set(chosen, "folder", path);
        const int64_t before = mem_live();
        mem_fail_at(k);
        int code = run(chosen, &answer);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_MEMORY);
        CU_ASSERT(mem_live() == before);
        done = code == TRALO_OK && answer.valid;
        release(&chosen);
    }
    CU_ASSERT(done);
}

/* Programs are not collective: the first rank alone. */
#define ALONE(name)                                                                                \
    static void first_##name(void)                                                                 \
    {                                                                                              \
        if (comm_rank(test_comm) == 0)                                                             \
            name();                                                                                \
    }
ALONE(values_are_read)
ALONE(values_are_missing)
ALONE(programs_fail)
ALONE(nothing_is_left)
ALONE(retries)
ALONE(stops)
ALONE(children_are_noticed)
ALONE(is_told)
ALONE(long_vectors)
ALONE(lines_are_checked)
ALONE(folders)
ALONE(memory_fails)

void suite_command(void);
void suite_command(void)
{
    static const test_case_t cases[] = {
        {"values are read", first_values_are_read},
        {"values are missing", first_values_are_missing},
        {"programs fail", first_programs_fail},
        {"nothing is left running", first_nothing_is_left},
        {"retries", first_retries},
        {"stops when asked to", first_stops},
        {"ends of children are noticed", first_children_are_noticed},
        {"what a program is told", first_is_told},
        {"long vectors", first_long_vectors},
        {"lines are checked", first_lines_are_checked},
        {"folders", first_folders},
        {"memory fails", first_memory_fails}};
    REGISTER("command", cases);
}
