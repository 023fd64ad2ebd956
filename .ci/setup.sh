# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC3013
# What ./lastack and ./check share: finds or installs what is missing, and builds. Sourced by a shell that has set
# `here`, the folder of the source tree. All that it says goes where the caller's stdout goes.
#
#   setup_need build      what building and running lastack takes
#   setup_need check      and what ./check takes besides
#   setup_build           configures and builds the release in build/, one caller at a time
#
# Exit status 3: something outside is missing and cannot be had (no privilege, no package manager, no network).

here=$(CDPATH='' cd -- "$here" && pwd -P) || exit 3

setup_say() {
    printf 'setup: %s\n' "$*"
}

setup_has() {
    command -v "$1" >/dev/null 2>&1
}

# Can this compiler build and run a program with these flags?
setup_compiles() {
    setup_dir=$(mktemp -d) || return 1
    setup_source='#include <stddef.h>
#include <stdint.h>
#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data && size > 9; }
#else
int main(void) { return 0; }
#endif'
    printf '%s\n' "$setup_source" >"$setup_dir/probe.c"
    "$@" -o "$setup_dir/probe" "$setup_dir/probe.c" >/dev/null 2>&1
    setup_status=$?
    rm -rf "$setup_dir"
    return $setup_status
}

setup_manager() {
    for setup_candidate in apt-get dnf pacman apk zypper brew; do
        if setup_has "$setup_candidate"; then
            echo "$setup_candidate"
            return
        fi
    done
    echo none
}

# setup_packages MANAGER THING: the packages in which that manager has the thing.
setup_packages() {
    setup_clang_major=$(clang -dumpversion 2>/dev/null | cut -d. -f1)
    case $1:$2 in
    apt-get:compiler) echo gcc libc6-dev ;;
    dnf:compiler) echo gcc glibc-devel glibc-static ;;
    pacman:compiler) echo gcc ;;
    apk:compiler) echo gcc musl-dev ;;
    zypper:compiler) echo gcc glibc-devel glibc-devel-static ;;
    brew:compiler) echo gcc ;;
    apt-get:ninja | dnf:ninja) echo ninja-build ;;
    *:ninja) echo ninja ;;
    *:meson) echo meson ;;
    dnf:pkg-config | zypper:pkg-config) echo pkgconf-pkg-config ;;
    apt-get:pkg-config) echo pkg-config ;;
    *:pkg-config) echo pkgconf ;;
    apt-get:xxhash) echo libxxhash-dev ;;
    dnf:xxhash | zypper:xxhash) echo xxhash-devel ;;
    apk:xxhash) echo xxhash-dev ;;
    *:xxhash) echo xxhash ;;
    brew:python | pacman:python) echo python ;;
    *:python) echo python3 ;;
    apt-get:uv) echo libuv1-dev ;;
    dnf:uv) echo libuv-devel libuv-static ;;
    zypper:uv) echo libuv-devel ;;
    apk:uv) echo libuv-dev libuv-static ;;
    *:uv) echo libuv ;;
    apt-get:gnuplot) echo gnuplot-nox ;;
    *:gnuplot) echo gnuplot ;;
    *:cmark) echo cmark ;;
    apt-get:tshark | apk:tshark) echo tshark ;;
    dnf:tshark | pacman:tshark) echo wireshark-cli ;;
    *:tshark) echo wireshark ;;
    apt-get:cmocka) echo libcmocka-dev ;;
    dnf:cmocka | zypper:cmocka) echo libcmocka-devel ;;
    apk:cmocka) echo cmocka-dev ;;
    *:cmocka) echo cmocka ;;
    *:gcc) echo gcc ;;
    brew:clang) echo llvm ;;
    *:clang) echo clang ;;
    # Debian moved the sanitizers' and libFuzzer's libraries from one package to another.
    apt-get:fuzzer)
        if [ -n "$(apt-cache show "libclang-rt-$setup_clang_major-dev" 2>/dev/null)" ]; then
            echo "libclang-rt-$setup_clang_major-dev"
        else
            echo "libclang-common-$setup_clang_major-dev"
        fi
        ;;
    apk:fuzzer | dnf:fuzzer) echo compiler-rt ;;
    pacman:fuzzer) echo compiler-rt ;;
    zypper:fuzzer | brew:fuzzer) echo llvm ;;
    dnf:sanitizers) echo libasan libubsan ;;
    apk:sanitizers) echo compiler-rt ;;
    *:sanitizers) echo gcc ;;
    apt-get:man) echo man-db groff-base ;;
    *:man) echo groff ;;
    apt-get:format) echo clang-format-14 ;;
    esac
}

setup_is_here() {
    case $1 in
    compiler) setup_has cc || setup_has gcc || setup_has clang ;;
    ninja) setup_has ninja || setup_has ninja-build ;;
    meson | pkg-config) setup_has "$1" ;;
    python) setup_has python3 ;;
    gnuplot | tshark | cmark) setup_has "$1" ;;
    xxhash) pkg-config --exists libxxhash 2>/dev/null ;;
    uv) pkg-config --exists libuv 2>/dev/null ;;
    cmocka) pkg-config --exists cmocka 2>/dev/null ;;
    clang) setup_has clang ;;
    gcc) setup_has gcc ;;
    fuzzer) setup_compiles clang -DFUZZ -fsanitize=fuzzer,address ;;
    sanitizers) setup_compiles "${CC:-cc}" -fsanitize=address,undefined ;;
    man) setup_has mandoc || setup_has groff ;;
    esac
}

# Names those of the things given that are not here.
setup_missing() {
    for setup_thing in "$@"; do
        setup_is_here "$setup_thing" || printf '%s ' "$setup_thing"
    done
}

setup_install_command() {
    case $1 in
    apt-get) echo "apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    apk) echo "apk add" ;;
    zypper) echo "zypper --non-interactive install" ;;
    brew) echo "brew install" ;;
    esac
}

# apt's lists may never have been fetched on a bare machine.
setup_lists_missing() {
    [ "$1" = apt-get ] && ! apt-cache show meson >/dev/null 2>&1
}

# setup_install THING...: the packages of all of them, in one go.
setup_install() {
    setup_with=$(setup_manager)
    if [ "$setup_with" = none ]; then
        setup_say "missing: $*; this system has none of apt-get, dnf, pacman, apk, zypper, brew"
        setup_say "install a C compiler, Meson, Ninja, pkg-config and xxhash (with its header) by hand, then run this again"
        exit 3
    fi
    setup_as=
    if [ "$setup_with" != brew ] && [ "$(id -u)" -ne 0 ]; then
        setup_as='sudo '
    fi
    setup_update=
    setup_lists_missing "$setup_with" && setup_update="${setup_as}apt-get update && "
    setup_list=$(for setup_thing in "$@"; do setup_packages "$setup_with" "$setup_thing"; done | tr '\n' ' ')
    setup_list=${setup_list% }
    setup_line="$setup_update$setup_as$(setup_install_command "$setup_with") $setup_list"
    setup_say "missing: $*"
    if [ -n "$setup_as" ] && ! sudo -n true 2>/dev/null; then
        setup_say "not allowed to install it; run this, then try again:"
        printf '    %s\n' "$setup_line"
        exit 3
    fi
    setup_say "$setup_line"
    if ! DEBIAN_FRONTEND=noninteractive sh -c "$setup_line" </dev/null; then
        setup_say "that failed; the command was: $setup_line"
        exit 3
    fi
}

setup_build_things='compiler ninja meson pkg-config python xxhash'
setup_check_things='gcc clang sanitizers cmocka man'
# What a command or a test can do without, and then says so: installed where that is allowed, never a reason to stop.
setup_build_wishes='uv'
setup_check_wishes='uv gnuplot tshark cmark'

setup_wish() {
    # shellcheck disable=SC2046
    set -- $(setup_missing "$@")
    if [ $# -eq 0 ] || [ "$(setup_manager)" = none ]; then
        return 0
    fi
    if [ "$(setup_manager)" != brew ] && [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        return 0
    fi
    (setup_install "$@") || setup_say "going on without: $*"
}

setup_need() {
    case $1 in
    build) setup_wanted=$setup_build_things ;;
    check) setup_wanted="$setup_build_things $setup_check_things" ;;
    esac
    # shellcheck disable=SC2046,SC2086
    set -- "$1" $(setup_missing $setup_wanted)
    setup_level=$1
    shift
    [ $# -eq 0 ] || setup_install "$@"
    # Which package has libFuzzer depends on clang's version, so clang comes first.
    if [ "$setup_level" = check ]; then
        setup_is_here fuzzer || setup_install fuzzer
        setup_clang_format >/dev/null || setup_install_format
    fi
    if [ "$setup_level" = check ]; then
        # shellcheck disable=SC2086
        setup_wish $setup_check_wishes
    else
        # shellcheck disable=SC2086
        setup_wish $setup_build_wishes
    fi
    # shellcheck disable=SC2086
    setup_left=$(setup_missing $setup_wanted)
    if [ -n "$setup_left" ]; then
        setup_say "still missing: $setup_left"
        exit 3
    fi
}

# The layout is pinned to clang-format 14; other versions differ in details.
setup_clang_format() {
    for setup_candidate in clang-format-14 clang-format; do
        if setup_has "$setup_candidate" && "$setup_candidate" --version | grep -q 'version 14\.'; then
            echo "$setup_candidate"
            return 0
        fi
    done
    return 1
}

# Only where a package of just that version exists; elsewhere ./check skips the part and says so.
setup_install_format() {
    [ "$(setup_manager)" = apt-get ] && [ -n "$(apt-cache show clang-format-14 2>/dev/null)" ] && setup_install format
    return 0
}

# One builder at a time: whoever makes the folder holds the lock; a holder that died does not count.
setup_lock() {
    mkdir -p "$here/build" || exit 3
    setup_told=no
    setup_nameless=0
    until mkdir "$here/build/.lock" 2>/dev/null; do
        setup_holder=$(cat "$here/build/.lock/pid" 2>/dev/null)
        # No name in it for some seconds: it died between making the folder and signing it.
        [ -n "$setup_holder" ] || setup_nameless=$((setup_nameless + 1))
        if [ "$setup_nameless" -gt 20 ] || { [ -n "$setup_holder" ] && ! kill -0 "$setup_holder" 2>/dev/null; }; then
            rm -rf "$here/build/.lock"
            setup_nameless=0
            continue
        fi
        [ "$setup_told" = no ] && setup_say "waiting for another build (process ${setup_holder:-unknown})"
        setup_told=yes
        sleep 0.2 2>/dev/null || sleep 1
    done
    sh -c 'echo "$PPID"' >"$here/build/.lock/pid"
    trap 'rm -rf "$here/build/.lock"' EXIT
    trap 'exit 130' INT TERM HUP
}

setup_unlock() {
    rm -rf "$here/build/.lock"
    trap - EXIT INT TERM HUP
}

# What the stamp is compared with: a file that every commit, checkout and pull rewrites. Relative to build/ where it can be,
# so that a copy of the whole tree goes by its own.
setup_reference() {
    if [ -e "$here/.git/index" ]; then
        echo ../.git/index
        return
    fi
    setup_index=$(git -C "$here" rev-parse --git-path index 2>/dev/null)
    if [ -e "$setup_index" ]; then
        echo "$setup_index" # a worktree: git gives an absolute path
    else
        echo ../meson.build
    fi
}

# setup_configure FOLDER OPTION...: configures a build folder, once. The environment's CC counts.
setup_configure() {
    setup_folder=$1
    shift
    [ -f "$setup_folder/build.ninja" ] && return 0
    setup_say "meson setup $setup_folder $*"
    meson setup "$setup_folder" "$here" "$@" >"$setup_folder.log" 2>&1 && rm -f "$setup_folder.log" && return 0
    cat "$setup_folder.log"
    rm -f "$setup_folder.log"
    return 1
}

# setup_compile FOLDER TARGET...: builds; says nothing unless it fails.
setup_compile() {
    setup_folder=$1
    shift
    setup_ninja=$(command -v ninja || command -v ninja-build)
    "$setup_ninja" -C "$setup_folder" "$@" >"$setup_folder/.log" 2>&1 && return 0
    # From the first failure on; all of it if Ninja itself could not begin.
    grep -q '^FAILED' "$setup_folder/.log" && sed -i.all -n '/^FAILED/,$p' "$setup_folder/.log"
    cat "$setup_folder/.log"
    return 1
}

# The stamp carries the time at which the build began, so that a commit made meanwhile is not missed.
setup_build() {
    setup_lock
    # Somebody else may have built it while we waited.
    if [ "$setup_told" = no ] || ! [ "$here/build/.stamp" -nt "$here/build/.sources" ]; then
        : >"$here/build/.begun"
        setup_configure "$here/build" || exit 3
        [ -x "$here/build/lastack" ] || setup_say 'building, once'
        if ! setup_compile "$here/build" lastack; then
            setup_say 'the build failed'
            exit 4
        fi
        ln -sf "$(setup_reference)" "$here/build/.sources"
        mv "$here/build/.begun" "$here/build/.stamp"
    fi
    setup_unlock
}
