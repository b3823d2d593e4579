#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/groups.sh [TRALO [SECONDS]]: the table of tests/bench/README.md: steps of six trials
# that sleep, dealt to 1, 2, 3 and 6 groups.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tralo=$(readlink -f "${1:-$here/../../build/tralo}")
seconds=${2:-0.5}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"
cat >study.yaml <<YAML
parameters: {'x[8]': {lower: -1, upper: 1}}
oracle: {kind: command, run: "sleep $seconds; echo '{{\"value\": {x[0]}}}'"}
search: {method: hozog, rule: constant, differences: forward, directions: 5, max_evaluations: 24}
output: study.h5
YAML
echo 'groups  seconds  ideal  ideal / seconds  utilisation'
for groups in 1 2 3 6; do
    rm -rf study.h5.trials
    "$here/../mpirun" $groups "$tralo" tune study.yaml --quiet --json study.json >log 2>&1 || true
    python3 - $groups "$seconds" <<'PYTHON'
import json
import sys
groups, each = int(sys.argv[1]), float(sys.argv[2])
r = json.load(open("study.json"))
ideal = r["evaluations"] / 6 * (6 // groups) * each
print(f"{groups:6}  {r['seconds']:7.2f}  {ideal:5.2f}  {ideal / r['seconds']:15.3f}  "
      f"{r['utilisation']:11.3f}")
PYTHON
done
