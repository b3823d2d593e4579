/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's program, built by tests/run against the installed library alone. */
#include <stdio.h>

#include <mpi.h>
#include <tralo.h>

int main(int argc, char **argv)
{
    tralo_comm_t *comm = NULL;
    MPI_Init(&argc, &argv);
    int code = tralo_comm_create(MPI_COMM_WORLD, &comm);
    if (code != TRALO_OK)
        fprintf(stderr, "%s\n", tralo_error_message());
    else
        printf("tralo %s\n", tralo_version());
    tralo_comm_free(&comm);
    MPI_Finalize();
    return code;
}
