#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/exactness.sh [PROGRAM [FOLDER]]: how far value and derivatives by the algebras that
# auto takes with reserve are from those by `replicated`; tests/bench/README.md explains. PROGRAM:
# build/tralo.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/sets.sh"

# curve DATA LOSS PENALTY CRITERION ALGEBRA: over the box of the search, to ALGEBRA.csv.
curve() {
    cat >exactness.yaml <<END
data: {file: $1.h5, standardize: true, intercept: true}
model: {loss: $2, penalty: $3}
criterion: {kind: $4, algebra: $5}
search: {method: trust_region}
output: exactness.h5
END
    "$program" curve exactness.yaml --points 13 --output "$5.csv" >curve.log
}

# compare DATA LOSS PENALTY CRITERION ALGEBRA: differences of f, f', f'' relative to f.
compare() {
    curve "$1" "$2" "$3" "$4" replicated
    curve "$1" "$2" "$3" "$4" "$5"
    paste -d, replicated.csv "$5.csv" | awk -F, -v of="$*" '
        function size(x, f) {
            x = x < 0 ? -x : x
            return f > 0 ? x / f : -x / f
        }
        NR > 1 {
            for (k = 0; k < 3; k++) {
                column = k == 0 ? 3 : 4 + k
                now[k] = size($(column + 6) - $column, $3)
                most[k] = now[k] > most[k] ? now[k] : most[k]
                if (NR == 2 || $3 < least)
                    there[k] = now[k]
            }
            least = NR == 2 || $3 < least ? $3 : least
        }
        END {
            printf "%-45s in the box %.0e %.0e %.0e, where f is least %.0e %.0e %.0e\n", of,
                most[0], most[1], most[2], there[0], there[1], there[2]
        }'
}

for how in "ridge alo distributed" "bridge alo distributed" "ridge kfold products"; do
    echo "$sets" | while read -r data loss; do
        # $how is three words
        compare "$data" "$loss" $how </dev/null
    done
done
