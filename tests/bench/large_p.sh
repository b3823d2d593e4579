#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/large_p.sh [PROGRAM [RANKS]]: the two tables of tests/bench/README.md, for PROGRAM
# (build/large_p); 12 000 columns on RANKS (4) ranks take 9 GB in all.
set -eu
here=$(dirname "$0")
program=${1:-$here/../../build/large_p}
ranks=${2:-4}
echo '      n      p ranks  sums by   seconds processor       MB'
for some in 2 "$ranks"; do
    for columns in 2000 4000 6000; do
        "$here/../mpirun" "$some" "$program" sums 8000 "$columns" 2
    done
done
"$here/../mpirun" "$ranks" "$program" alo 14000 12000 squared
