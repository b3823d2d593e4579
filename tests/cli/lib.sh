# SPDX-License-Identifier: BSD-3-Clause
# What the command-line tests share; to be sourced. Every check runs on 1 and on 3 ranks.

absolute() {
    echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
}

setup() { # setup PROGRAM MPIRUN SOURCE
    tralo=$(absolute "$1")
    mpirun=$(absolute "$2")
    source=$(absolute "$3")
    failures=0
    folder=$(mktemp -d) || exit 1
    trap 'rm -rf "$folder"' EXIT
    cd "$folder" || exit 1
}

complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run RANKS ARG ...: exit status in $status, output in the files out and err; 1 rank without mpirun
run() {
    ranks=$1
    shift
    if [ "$ranks" = 1 ]; then
        "$tralo" "$@" >out 2>err
    else
        "$mpirun" "$ranks" "$tralo" "$@" >out 2>err
    fi
    status=$?
}

# works TEXT ARG ...: exit status 0 and TEXT on standard output
works() {
    wanted=$1
    shift
    for ranks_ in 1 3; do
        run $ranks_ "$@"
        [ $status = 0 ] || complain "$* on $ranks_ ranks: status $status: $(cat err)"
        grep -qF -- "$wanted" out || complain "$* on $ranks_ ranks: no '$wanted' in: $(cat out)"
    done
}

# refuses STATUS TEXT ARG ...: that exit status, one line "tralo: ... TEXT ...", no other output
refuses() {
    code=$1
    wanted=$2
    shift 2
    for ranks_ in 1 3; do
        run $ranks_ "$@"
        [ $status = "$code" ] || complain "$* on $ranks_ ranks: status $status, wanted $code"
        [ "$(grep -c '^tralo: ' err)" = 1 ] ||
            complain "$* on $ranks_ ranks: not one message: $(cat err)"
        grep '^tralo: ' err | grep -qF -- "$wanted" ||
            complain "$* on $ranks_ ranks: no '$wanted' in: $(grep '^tralo: ' err)"
        [ ! -s out ] || complain "$* on $ranks_ ranks: speaks on standard output: $(cat out)"
    done
}

finish() {
    if [ $failures -gt 0 ]; then
        echo "$failures checks failed"
        exit 1
    fi
    exit 0
}
