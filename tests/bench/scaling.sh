#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/scaling.sh [PROGRAM [FOLDER]]: how time, messages and memory of every form grow, and
# what was planned of it; tests/bench/README.md explains. PROGRAM: build/scaling. Writes
# scaling.csv, scaling.txt and scaling.svg to FOLDER (build/bench). FORMS="kfold ..." and
# SERIES="strong ...": only some.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-$here/../../build/scaling}")
folder=${2:-$here/../../build/bench}
export OMP_NUM_THREADS=1 OMPI_MCA_rmaps_base_oversubscribe=1
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
mkdir -p "$folder"
cd "$folder"

# A form: its name; criterion, algebra, loss; rows, columns, S, outputs, density of the middle size;
# the inner solver, with commas for blanks, where that is not newton.
forms='replicated alo replicated logistic 20000 100 2 1 1
spectral alo spectral squared 50000 100 1 1 1
wide alo wide logistic 300 3000 2 1 1
kernel alo kernel logistic 600 10 2 1 1
softmax alo replicated softmax 4000 20 2 4 1
softmax_shared alo distributed softmax 4000 20 2 4 1
softmax_wide alo wide softmax 100 1000 2 4 1
distributed alo distributed logistic 20000 100 2 1 1
sparse alo distributed logistic 20000 200 2 1 0.05
kfold kfold replicated logistic 10000 50 2 1 1
products kfold products logistic 4000 200 2 1 1
sparse_products kfold products logistic 10000 500 2 1 0.02
holdout holdout replicated poisson 20000 80 2 1 1
loo loo replicated logistic 400 20 2 1 1
loo_wide loo wide logistic 80 300 2 1 1
adam holdout products logistic 20000 100 2 1 1 adam,steps=100
gd kfold products softmax 2000 50 2 5 1 gd,steps=100
batches holdout products logistic 20000 100 2 1 1 adam,steps=1000,batch=64
sparse_batches holdout products logistic 20000 500 2 1 0.02 adam,steps=1000,batch=200'

# measure SERIES RANKS NAME CRITERION ALGEBRA LOSS ROWS COLUMNS S OUTPUTS DENSITY [INNER]
measure() {
    series=$1
    ranks=$2
    name=$3
    shift 3
    case " ${SERIES:-$series} " in
    *" $series "*) ;;
    *) return 0 ;;
    esac
    inner=$(echo "${9:-newton}" | tr , ' ')
    mpirun -n "$ranks" "$program" "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$inner" |
        sed "s/^/$series,$name,/" >>scaling.csv
}

# one NAME CRITERION ALGEBRA LOSS ROWS COLUMNS S OUTPUTS DENSITY [INNER]: all series of a form.
one() {
    name=$1 kind="$2 $3 $4" n=$5 p=$6 S=$7 K="$8 $9 ${10:-}"
    # $kind is three words, $K two or three
    for ranks in 1 2; do
        measure strong $ranks "$name" $kind "$n" "$p" "$S" $K
        measure weak $ranks "$name" $kind $((n * ranks)) "$p" "$S" $K
    done
    for ranks in 1 2 4 8 16; do
        measure ranks $ranks "$name" $kind $((n / 10)) $((p / 2)) "$S" $K
    done
    for times in 1 2 4; do
        measure rows 1 "$name" $kind $((n * times / 2)) "$p" "$S" $K
        measure columns 1 "$name" $kind "$n" $((p * times / 2)) "$S" $K
        case $name in
        spectral | kernel) ;;
        *) measure hyperparameters 1 "$name" $kind "$n" "$p" $((S * times)) $K ;;
        esac
    done
}

printf '%s%s%s\n' series,form,criterion,algebra,loss,rows,columns,S,outputs,density,ranks,order, \
    seconds,by_course,planned,calls,bytes,flops,memory,memory_planned,moves,factorisations,solves, \
    products >scaling.csv
echo "$forms" | while read -r name rest; do
    case " ${FORMS:-$name} " in
    *" $name "*) one "$name" $rest </dev/null ;;
    esac
done

awk -F, '
NR == 1 {
    printf "%-15s %-15s %9s %6s %3s %5s %5s %9s %9s %9s %7s %10s %9s\n", "series", "form", "rows",
        "cols", "S", "ranks", "order", "seconds", "/ course", "/ planned", "calls", "bytes", "flops"
    next
}
{
    printf "%-15s %-15s %9d %6d %3d %5d %5d %9.4g %9.2f %9.2f %7d %10d %9.2e\n", $1, $2, $6, $7, $8,
        $11, $12, $13, $13 / $14, $13 / $15, $16, $17, $18
    if ($1 != "ranks" && $11 == 1) {
        note($2, "course", $13 / $14)
        note($2, "plan", $13 / $15)
    }
    if ($12 == 2 || $1 != "ranks" && ($2 ~ /adam|gd|batches/)) {
        size = $1 == "rows" ? $6 : $1 == "columns" ? $7 : $8
        if (!(($2, $1) in first)) {
            first[$2, $1] = $13
            from[$2, $1] = size
        }
        last[$2, $1] = $13
        to[$2, $1] = size
        time[$2, $1, $11] = $13
    }
}
function note(form, what, ratio) {
    names[form] = 1
    if (!((form, what) in all) || ratio < low[form, what])
        low[form, what] = ratio
    if (!((form, what) in all) || ratio > high[form, what])
        high[form, what] = ratio
    all[form, what]++
    good[form, what] += ratio < 2 && ratio > 0.5
}
function ratios(form, what) {
    return sprintf("%.2f .. %.2f, %d of %d", low[form, what], high[form, what], good[form, what],
        all[form, what])
}
function exponent(form, what) {
    if (!((form, what) in first) || from[form, what] == to[form, what])
        return "-"
    longer = log(last[form, what] / first[form, what])
    return sprintf("%.2f", longer / log(to[form, what] / from[form, what]))
}
END {
    line = "%-15s %25s %25s %6s %6s %6s %17s %12s\n"
    printf "\n" line, "form", "seconds / by_course", "seconds / planned", "n", "p", "S",
        "strong t1/(2 t2)", "weak t1/t2"
    for (form in names)
        printf line, form, ratios(form, "course"), ratios(form, "plan"), exponent(form, "rows"),
            exponent(form, "columns"), exponent(form, "hyperparameters"),
            sprintf("%.2f", time[form, "strong", 1] / 2 / time[form, "strong", 2]),
            sprintf("%.2f", time[form, "weak", 1] / time[form, "weak", 2])
}' scaling.csv | tee scaling.txt

# Measured with points, by the formulas with lines.
axes=$(cut -d, -f1 scaling.csv | awk '!seen[$0]++ && /rows|columns|hyper/' | tr '\n' ' ')
ranks=$(awk '/^ranks/ { n++ } END { print n + 0 }' scaling.csv)
names=$(cut -d, -f2 scaling.csv | sed 1d | awk '!seen[$0]++' | tr '\n' ' ')
gnuplot <<END
set terminal svg size 1200,1000 font 'sans,14' background 'white' noenhanced
set output 'scaling.svg'
set datafile separator ','
set datafile missing NaN # lines go on
set multiplot layout 2,2 title \
    'An evaluation with gradient and Hessian: points measured, lines by the formulas'
set logscale xy
set key outside right top samplen 2
set grid
names = "$names"
name(i) = word(names, i)
is(i, s) = strcol(2) eq name(i) && strcol(1) eq s && column(12) == 2
measured(i, s) = is(i, s) ? column(13) : NaN
planned(i, s) = is(i, s) ? column(14) : NaN
bytes(i, s) = is(i, s) ? column(17) : NaN
shape(i) = i > 8 ? 5 : 7 # colours come again
dash(i) = i > 8 ? 2 : 1
set ylabel 'seconds'
axes = "$axes"
do for [axis = 1:words(axes)] {
    s = word(axes, axis)
    x = s eq 'rows' ? 6 : s eq 'columns' ? 7 : 8
    set xlabel s
    plot for [i = 1:words(names)] 'scaling.csv' using x:(measured(i, s)) \
             with points pt shape(i) lc i notitle, \
         for [i = 1:words(names)] 'scaling.csv' using x:(planned(i, s)) \
             with lines lw 2 lc i dt dash(i) title name(i)
}
set xlabel 'ranks'
set ylabel 'bytes that a rank gives'
if ($ranks > 0) {
    plot for [i = 1:words(names)] 'scaling.csv' using 11:(bytes(i, 'ranks')) \
        with linespoints pt shape(i) lw 2 lc i dt dash(i) title name(i)
}
unset multiplot
END
echo "$folder: scaling.csv, scaling.txt, scaling.svg"
