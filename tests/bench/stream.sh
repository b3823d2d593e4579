#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/stream.sh [PROGRAM [ROWS COLUMNS [CRITERION]]]: the time of a search whose rows stay
# on disk beside the times of reading and of computing alone; see tests/bench/README.md.
set -eu
program=$(realpath "${1:-$(dirname "$0")/../../build/tralo}")
rows=${2:-800000}
columns=${3:-400}
criterion=${4:-holdout}
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/tralo-stream-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 - "$rows" "$columns" <<'PYTHON'
import array, random, sys
rows, columns = int(sys.argv[1]), int(sys.argv[2])
block = 5000
def head(file, kind, shape):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    file.write(b"\x93NUMPY\x01\x00v\x00" + text.ljust(117).encode() + b"\n")
with open("X.npy", "wb") as X, open("y.npy", "wb") as y:
    head(X, "|i1", (rows, columns))
    head(y, "<f8", (rows,))
    for begin in range(0, rows, block):
        count = min(block, rows - begin)
        numbers = random.randbytes(count * columns)
        X.write(numbers)
        signed = array.array("b", numbers)
        y.write(array.array("d", (0.02 * signed[i * columns] + random.gauss(0, 20)
                                  for i in range(count))).tobytes())
PYTHON
"$program" import X.npy data.h5 --y y.npy --float32 >/dev/null
rm X.npy
cat >study.yaml <<STUDY
data: {file: data.h5}
model: {loss: squared, penalty: ridge}
criterion: $criterion
search: {method: trust_region, sweep: 3}
verify: {rows: 0, one_se: false}
output: result.h5
STUDY

# A program in a control group of its own (1 GB of memory, its share of the page cache included)
# reads from the disk in each pass; without the right to make one the page cache may serve.
group=/sys/fs/cgroup/memory/tralo-bench-$$
if mkdir "$group" 2>/dev/null && echo 1000000000 >"$group/memory.limit_in_bytes"; then
    trap 'rm -rf "$folder"; rmdir "$group"' EXIT
else
    group=
fi
forget() { dd if=data.h5 iflag=nocache count=0 2>/dev/null; } # what the page cache has of the file
limited() {
    forget
    sh -c '[ -z "$1" ] || echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$group" "$@"
}
now() { date +%s.%N; }

t0=$(now)
limited dd if=data.h5 of=/dev/null bs=16M 2>/dev/null
t1=$(now)
limited "$program" tune study.yaml data.memory=stream --json stream.json --quiet
t2=$(now)
"$program" tune study.yaml data.memory=resident --json resident.json --quiet
t3=$(now)
python3 - "$t0" "$t1" "$t2" "$t3" "$(stat -c %s data.h5)" <<'PYTHON'
import json, sys
t0, t1, t2, t3, size = map(float, sys.argv[1:])
stream, resident = json.load(open("stream.json")), json.load(open("resident.json"))
rate = size / (t1 - t0)
reading, both, compute = stream["read_bytes"] / rate, t2 - t1, t3 - t2
print("file              %8.2f GB, read at %.0f MB/s" % (1e-9 * size, 1e-6 * rate))
print("passes            %8d" % stream["read_passes"])
print("reading alone     %8.2f s" % reading)
print("computing alone   %8.2f s" % compute)
print("both              %8.2f s, of which %.2f s waiting for the disk"
      % (both, stream["read_seconds"]))
print("both / larger     %8.2f" % (both / max(reading, compute)))
print("values differ by  %8.1e" % abs(stream["criterion"] / resident["criterion"] - 1.0))
PYTHON
