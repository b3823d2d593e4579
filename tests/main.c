/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs every suite on all ranks of an mpirun; a failure on any rank fails the run.
   tralo-test [SUITE]: only the suites whose name contains SUITE; tralo-test --without SUITE ...:
   all but those. */
#include <CUnit/Basic.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support.h"

#define SUITES(X)                                                                                  \
    X(base)                                                                                        \
    X(share)                                                                                       \
    X(touch)                                                                                       \
    X(subproblem)                                                                                  \
    X(trust_region)                                                                                \
    X(products)                                                                                    \
    X(zeroth)                                                                                      \
    X(foresight)                                                                                   \
    X(comm)                                                                                        \
    X(loss)                                                                                        \
    X(loss_values)                                                                                 \
    X(joint)                                                                                       \
    X(penalty)                                                                                     \
    X(kernel)                                                                                      \
    X(panel)                                                                                       \
    X(spd)                                                                                         \
    X(csr)                                                                                         \
    X(dist)                                                                                        \
    X(data_arrays)                                                                                 \
    X(data_files)                                                                                  \
    X(data_foreign)                                                                                \
    X(data_damage)                                                                                 \
    X(data_refuse)                                                                                 \
    X(data_open)                                                                                   \
    X(held)                                                                                        \
    X(direct)                                                                                      \
    X(read_ahead)                                                                                  \
    X(data_stream)                                                                                 \
    X(problem)                                                                                     \
    X(conjugate)                                                                                   \
    X(inner)                                                                                       \
    X(descent)                                                                                     \
    X(values)                                                                                      \
    X(import)                                                                                      \
    X(import_packed)                                                                               \
    X(import_refuse)                                                                               \
    X(import_limits)                                                                               \
    X(info)                                                                                        \
    X(reference)                                                                                   \
    X(walk)                                                                                        \
    X(criterion)                                                                                   \
    X(alo_kernel)                                                                                  \
    X(cost)                                                                                        \
    X(resample)                                                                                    \
    X(resample_cost)                                                                               \
    X(row_weights)                                                                                 \
    X(softmax)                                                                                     \
    X(forms)                                                                                       \
    X(distributed)                                                                                 \
    X(algebra)                                                                                     \
    X(wide)                                                                                        \
    X(spectral)                                                                                    \
    X(sparse)                                                                                      \
    X(command)                                                                                     \
    X(deal)                                                                                        \
    X(space)                                                                                       \
    X(streamed)                                                                                    \
    X(memory)                                                                                      \
    X(plan)                                                                                        \
    X(plan_search)                                                                                 \
    X(study)                                                                                       \
    X(api)                                                                                         \
    X(config)                                                                                      \
    X(parameters)                                                                                  \
    X(json)                                                                                        \
    X(result)

#define DECLARE(name) void suite_##name(void);
SUITES(DECLARE)

static const struct {
    const char *name;
    void (*add)(void);
} suites[] = {
#define ROW(name) {#name, suite_##name},
    SUITES(ROW)};

extern char test_folder[256];

static void make_folder(void)
{
    if (comm_rank(test_comm) == 0) {
        snprintf(test_folder, sizeof test_folder, "/tmp/tralo-test-XXXXXX");
        if (mkdtemp(test_folder) == NULL)
            MPI_Abort(MPI_COMM_WORLD, 1);
    }
    comm_share(test_comm, test_folder, sizeof test_folder, 0);
}

static void remove_folder(void)
{
    char command[300];
    comm_barrier(test_comm);
    if (comm_rank(test_comm) == 0) {
        snprintf(command, sizeof command, "rm -rf '%s'", test_folder);
        if (system(command) != 0)
            fprintf(stderr, "cannot remove %s\n", test_folder);
    }
}

static bool chosen(const char *name, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--without") != 0)
        return argc < 2 || strstr(name, argv[1]) != NULL;
    for (int i = 2; i < argc; i++)
        if (strcmp(name, argv[i]) == 0)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    int provided;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* one that is stopped has told how far it came */
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (comm_world(&test_comm) != TRALO_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);
    make_folder();
    CU_initialize_registry();
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (chosen(suites[i].name, argc, argv))
            suites[i].add();
    bool first = comm_rank(test_comm) == 0;
    CU_basic_set_mode(first ? CU_BRM_NORMAL : CU_BRM_SILENT);
    CU_basic_run_tests();
    int64_t failed = comm_max_one_int(test_comm, (int64_t)CU_get_number_of_failures());
    CU_cleanup_registry();
    remove_folder();
    if (first)
        printf("largest number of failed asserts on a rank: %d\n", (int)failed);
    comm_free(&test_comm);
    int64_t leaks = mem_live();
    if (leaks != 0)
        fprintf(stderr, "%d blocks were not freed\n", (int)leaks);
    MPI_Finalize();
    return failed != 0 || leaks != 0;
}
