#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/groups.sh [TRALO [SECONDS]]: the tables of tests/bench/README.md: steps of six trials
# that sleep, dealt to 1, 2, 3 and 6 groups, by programs and by a plug-in, whose first group is that
# of the rank that deals; and searches that go one point at a time, with trials ahead of them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tralo=$(readlink -f "${1:-$here/../../build/tralo}")
seconds=${2:-0.5}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"

cat >sleeps.c <<'C'
#include <stdlib.h>
#include <time.h>
#include <tralo/plugin.h>

static double seconds;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int begin(const tralo_plugin_setup_t *setup, void **state)
{
    *state = NULL;
    seconds = atof(setup->argument);
    return 0;
}

static int evaluate(void *state, const tralo_plugin_trial_t *trial, double *value)
{
    const struct timespec nap = {0, 1000000};
    const double until = now() + seconds;
    (void)state;
    *value = trial->values[0];
    while (now() < until && !trial->stop(trial->control))
        nanosleep(&nap, NULL);
    return now() < until;
}

const tralo_plugin_t tralo_plugin = {TRALO_PLUGIN_ABI, begin, evaluate, NULL};
C
mpicc -shared -fPIC -O2 -I "$here/../../include" sleeps.c -o sleeps.so

cat >command.yaml <<YAML
parameters: {'x[8]': {lower: -1, upper: 1}}
oracle: {kind: command, run: "sleep $seconds; echo '{{\"value\": {x[0]}}}'"}
search: {method: hozog, rule: constant, differences: forward, directions: 5, max_evaluations: 24}
output: study.h5
YAML
sed "s#^oracle: .*#oracle: {kind: plugin, file: sleeps.so, argument: '$seconds'}#" \
    command.yaml >plugin.yaml
cat >rosenbrock.yaml <<YAML
parameters: {a: {lower: -2, upper: 2, start: -1}, b: {lower: -2, upper: 2, start: 1}}
oracle:
  kind: command
  run: "sleep $seconds; awk 'BEGIN {{ printf \"{{\\\\\"value\\\\\": %.17g}}\",
    (1 - ({a})) ^ 2 + 100 * ({b} - ({a}) ^ 2) ^ 2 }}'"
search: nelder_mead
output: study.h5
YAML

run() { # RANKS CONFIG OVERRIDE ...
    ranks=$1
    shift
    rm -rf study.h5.trials
    "$here/../mpirun" "$ranks" "$tralo" tune "$@" --quiet --json study.json >log 2>&1 || true
}

echo 'oracle   groups  seconds  ideal  ideal / seconds  utilisation'
for oracle in command plugin; do
    for groups in 1 2 3 6; do
        run $groups $oracle.yaml
        python3 - $oracle $groups "$seconds" <<'PYTHON'
import json
import sys
oracle, groups, each = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
r = json.load(open("study.json"))
ideal = r["evaluations"] / 6 * (6 // groups) * each
print(f"{oracle:7}  {groups:6}  {r['seconds']:7.2f}  {ideal:5.2f}  {ideal / r['seconds']:15.3f}  "
      f"{r['utilisation']:11.3f}")
PYTHON
    done
done

echo
echo 'method       groups  seconds  lowest value          ahead   used'
for method in nelder_mead bobyqa \
    "{method: hozog, rule: armijo, differences: forward, directions: 2}"; do
    for groups in 1 2 4; do
        run $groups rosenbrock.yaml search="$method" search.max_evaluations=40
        python3 - $groups <<'PYTHON'
import json
import sys
r = json.load(open("study.json"))
print(f"{r['method']:11}  {sys.argv[1]:>6}  {r['seconds']:7.2f}  {r['criterion']:20.15g}  "
      f"{r['trials_ahead']:5}  {r['trials_ahead_used']:5}")
PYTHON
    done
done
