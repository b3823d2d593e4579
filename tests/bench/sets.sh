# SPDX-License-Identifier: BSD-3-Clause
# Read by scripts with [PROGRAM [FOLDER]], which have set `here`: goes to FOLDER, with bundled and
# random data as HDF5 there, and in `sets` their names, each with its loss; `program`: PROGRAM.
program=$(realpath "${1:-$here/../../build/tralo}")
folder=${2:-$here/../../build/bench}
export OMP_NUM_THREADS=1
mkdir -p "$folder"
cd "$folder"

# bundled FILE NAME OPTION ...
bundled() {
    file=$1
    name=$2
    shift 2
    "$program" import "$here/../data/$file" "$name.h5" --force "$@" >import.log
}

# random KIND LOSS: 2000 x 50. plain: independent columns; factor: all of them correlate by 0.8;
# chain: neighbours by 0.98; pairs: every second is nearly the one before.
random() {
    awk -v kind="$1" -v loss="$2" '
    function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
    BEGIN {
        n = 2000
        p = 50
        for (j = 1; j <= p; j++) {
            beta[j] = normal() / sqrt(p)
            printf "x%d,", j
        }
        print "y"
        for (i = 1; i <= n; i++) {
            eta = before = 0
            common = normal()
            for (j = 1; j <= p; j++) {
                x = normal()
                if (kind == "factor")
                    x = 0.9 * common + 0.45 * x
                if (kind == "chain" && j > 1)
                    x = 0.98 * before + 0.2 * x
                if (kind == "pairs" && j % 2 == 0)
                    x = before + 0.0001 * x
                before = x
                eta += x * beta[j]
                printf "%.9g,", x
            }
            print loss == "squared" ? eta + normal() : rand() < 1 / (1 + exp(-eta)) ? "a" : "b"
        }
    }' >random.csv
    "$program" import random.csv "$1_$2.h5" --force --target y >import.log
}

bundled breast_cancer.csv breast_cancer --target diagnosis
bundled diabetes.csv diabetes --target target
bundled pollution.csv pollution --target MORT
bundled iris.csv iris --target species --classify
bundled digits.csv.gz digits --target digit --classify
bundled randhie.csv.gz randhie --target mdvis
sets='breast_cancer logistic
diabetes squared
pollution squared
iris softmax
randhie poisson
digits softmax'
for kind in plain factor chain pairs; do
    for loss in squared logistic; do
        random $kind $loss
        sets="$sets
${kind}_$loss $loss"
    done
done
