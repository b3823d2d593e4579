# SPDX-License-Identifier: BSD-3-Clause
# Sourced by jobs/quickstart and tests/run from the top of the source tree.
#   setup_install build|test     what jobs/packages lists for it is there, or the script ends
# Only what is missing is installed, so that a second run asks no network.

# The rows of jobs/packages for a purpose: "test" needs all, "build" those for building.
setup_rows() {
    awk -v want="$1" '!/^#/ && NF && (want == "test" || $2 == want)' jobs/packages
}

setup_missing_packages() {
    setup_rows "$1" | while read -r package _; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' ||
            printf ' %s' "$package"
    done
}

setup_found() { # command|module|header|python NAME
    case $1 in
    command) PATH=$PATH:/usr/sbin:/sbin command -v "$2" >/dev/null ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    header) echo "#include <$2>" | cc -E - >/dev/null 2>&1 ;;
    python) python3 -c "import $2" 2>/dev/null ;;
    esac
}

setup_without_apt() {
    absent=$(setup_rows "$1" | while read -r package _ kind name; do
        setup_found "$kind" "$name" </dev/null ||
            printf '    %-22s (Debian: %s)\n' "$kind $name" "$package"
    done)
    [ -n "$absent" ] || return 0
    echo "There is no apt here. Please install by hand, then run this again:" >&2
    echo "$absent" >&2
    exit 1
}

setup_install() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        setup_without_apt "$1"
        return
    fi
    missing=$(setup_missing_packages "$1")
    [ -n "$missing" ] || return 0
    sudo=
    if [ "$(id -u)" != 0 ]; then
        sudo='sudo'
        if ! command -v sudo >/dev/null; then
            echo "Not root, and there is no sudo. Please have these installed:$missing" >&2
            exit 1
        fi
    fi
    echo "Installing$missing"
    if ! { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
            --no-install-recommends install $missing; } </dev/null; then
        echo "apt-get failed. Please install by hand:$missing" >&2
        exit 1
    fi
}

# Configures the build folder $1 (more arguments: options of meson setup) and builds it.
setup_build() {
    folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" || return
    ninja -C "$folder"
}
