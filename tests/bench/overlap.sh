#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/overlap.sh [RANKS [PROGRAM]]: the table of tests/bench/README.md on RANKS (2) ranks,
# by PROGRAM (build/overlap). SIZES="1000 ..." ROWS=2000 REPEATS=7 WIDTH=128: what is measured.
set -eu
here=$(dirname "$0")
ranks=${1:-2}
program=${2:-$here/../../build/overlap}
echo '     p   rows ranks  way               computing        all all/first'
for p in ${SIZES:-1000 2000 4000}; do
    "$here/../mpirun" "$ranks" "$program" "$p" "${ROWS:-2000}" "${REPEATS:-7}" "${WIDTH:-128}"
done
