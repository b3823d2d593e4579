#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/alo_kernel.sh [PROGRAM [RANKS [REPEATS]]]: the table of tests/bench/README.md, for
# PROGRAM (build/alo_kernel) on one rank and on RANKS (2).
set -eu
program=${1:-$(dirname "$0")/../../build/alo_kernel}
ranks=${2:-2}
repeats=${3:-5}
export OMP_NUM_THREADS=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
echo '                                 rate / DGEMM         inner    t1 / (RANKS t)'
echo '       n      p loss      ranks     f     +g     +H     / f  DGEMM      f     +g     +H'
for loss in logistic squared; do
    for shape in '20000 1000' '200000 200' '1000000 30'; do
        # $shape is two words
        mpirun --bind-to core -n "$ranks" "$program" $shape "$loss" "$repeats"
    done
done
