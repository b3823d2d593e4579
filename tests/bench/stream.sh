#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/stream.sh [PROGRAM [ROWS COLUMNS [CRITERION [REPEATS]]]]: the time of a search whose
# rows stay on disk beside the times of reading and of computing alone; see tests/bench/README.md.
set -eu
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}" # on 2 cores, one is for the disk
program=$(realpath "${1:-$(dirname "$0")/../../build/tralo}")
rows=${2:-800000}
columns=${3:-400}
criterion=${4:-holdout}
repeats=${5:-3}
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
search: {method: trust_region, sweep: 1, starts: 1, max_evaluations: 4}
verify: {rows: 0, one_se: false}
output: result.h5
STUDY

# A program in a control group of its own (all of its memory, its share of the page cache included,
# is a third of the file's size) reads from the disk in each pass; without the right to make one the
# page cache may serve.
group=/sys/fs/cgroup/memory/tralo-bench-$$
limit=$(($(stat -c %s data.h5) / 3))
[ $limit -gt 300000000 ] || limit=300000000 # what any search takes
if mkdir "$group" 2>/dev/null && echo $limit >"$group/memory.limit_in_bytes"; then
    trap 'rm -rf "$folder"; rmdir "$group"' EXIT
else
    group=
fi
python3 - "$program" "$repeats" "$group" <<'PYTHON'
import json, os, resource, statistics, subprocess, sys, time
program, repeats, group = sys.argv[1], int(sys.argv[2]), sys.argv[3]
size = os.path.getsize("data.h5")

def enter():
    if group:
        with open(group + "/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))

def from_disk():
    return 512 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_inblock

def run(cold, *command):
    """Seconds, and bytes that came from the disk; with nothing or all of the file in cache."""
    file = os.open("data.h5", os.O_RDONLY)
    if cold:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    else:
        while os.read(file, 1 << 24):
            pass
    os.close(file)
    before, start = from_disk(), time.monotonic()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            preexec_fn=enter if cold else None).returncode
    assert status in (0, 3), (status, command) # 3: the evaluations are used up
    return time.monotonic() - start, from_disk() - before

def tune(memory):
    seconds, disk = run(memory == "stream", program, "tune", "study.yaml", "data.memory=" + memory,
                        "--json", memory + ".json", "--quiet")
    return seconds, disk, json.load(open(memory + ".json"))

found = []
for repeat in range(repeats): # in turn, so that a change of the machine's load meets all three
    both, disk, stream = tune("stream")
    compute, _, resident = tune("resident")
    passes = stream["read_passes"]
    reading, cold = run(True, "sh", "-c", "for pass in $(seq %d); do cat data.h5; done" % passes)
    found.append((reading, compute, both, both / max(reading, compute),
                  cold / (passes * size),
                  disk / stream["read_bytes"], stream["read_seconds"]))
    print("%d: reading %.2f s, computing %.2f s, both %.2f s" % (repeat, *found[-1][:3]),
          flush=True)
reading, compute, both, ratio, cold, disk, waited = map(statistics.median, zip(*found))
print("file              %8.2f GB, %d passes" % (1e-9 * size, passes))
print("reading alone     %8.2f s   (%.0f %% of it from the disk)" % (reading, 100 * cold))
print("computing alone   %8.2f s" % compute)
print("both              %8.2f s   (%.0f %%), of which %.2f s waiting for the disk"
      % (both, 100 * disk, waited))
print("both / larger     %8.2f" % ratio)
print("values differ by  %8.1e" % abs(stream["criterion"] / resident["criterion"] - 1.0))
PYTHON
