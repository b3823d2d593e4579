#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/course.sh [PROGRAM [FOLDER]]: how evaluations go in searches on bundled and on random
# data, which plans and the choice of an algebra rest on; tests/bench/README.md explains. PROGRAM:
# build/tralo. CRITERIA="alo ...": only some.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/sets.sh"

# search DATA LOSS CRITERION ALGEBRA: the course of each evaluation.
search() {
    cat >course.yaml <<END
data: {file: $1.h5, standardize: true, intercept: true}
model: {loss: $2, penalty: ridge}
criterion: {kind: $3, algebra: $4}
search: {method: trust_region}
verify: {one_se: false}
output: course.result.h5
END
    "$program" tune course.yaml --verbose | awk -v of="$1 $2 $3 $4" '
        / eval=/ { phase = $1 }
        $1 == "course" { print of, phase, $2, $3, $4, $5, $6 }' >>course.txt
}

# Steps and factorisations of a fit; products of a step where there are steps alone, and of an exact
# solve, which those of an evaluation with derivatives tell, less the steps like the former.
summary() {
    awk '
    function value(text) { return substr(text, index(text, "=") + 1) }
    {
        data = $1
        rows = data == "diabetes" ? 442 : data == "pollution" ? 60 : data == "iris" ? 150 : 569
        all = $3 == "alo"
        each = $3 == "loo"
        order = value($6)
        fits = all ? 1 : each ? rows + 1 : ($3 == "kfold" ? 10 : 1)
        exact = order == 0 ? 0 : (fits - each) * (1 + 2 * (order > 1))
        products = value($10)
        iterates = $4 == "products"
        steps = value($9) - exact - all * fits - (iterates ? 0 : products)
        curved = $2 == "squared" ? "squared" : "other"
        of = sprintf("%-8s %-11s %-8s %-7s", $3, $4, curved, $5)
        n[of]++
        step[of] += steps / fits
        factor[of] += value($8) / fits
        if (iterates && order == 0 && steps > 0)
            rough[$1, $3] = (rough[$1, $3] * seen[$1, $3] + products / steps) / ++seen[$1, $3]
        if (exact > 0 && products > 0) {
            key = $3 " " $4 " " $1
            solve[key] += (products - (iterates ? rough[$1, $3] * steps : 0)) / exact
            solves[key]++
            if (iterates)
                bit[key] = rough[$1, $3]
        }
    }
    END {
        print "criterion algebra     loss     phase   evaluations steps factorisations, of a fit"
        for (of in n)
            printf "%s %6d %9.2f %9.2f\n", of, n[of], step[of] / n[of], factor[of] / n[of] | "sort"
        close("sort")
        print "products of a step, of an exact solve"
        for (key in solve)
            printf "%-35s %6.1f %6.1f\n", key, bit[key], solve[key] / solves[key] | "sort"
    }' course.txt
}

: >course.txt
for criterion in ${CRITERIA:-alo kfold holdout loo}; do
    for algebra in replicated products; do
        [ "$criterion $algebra" != "alo products" ] || continue
        echo "$sets" | while read -r data loss; do
            case $criterion$data in
            loorandhie | loodigits | loo*_logistic | loo*_squared) continue ;;
            esac
            search $data $loss $criterion $algebra </dev/null
        done
    done
done
summary
