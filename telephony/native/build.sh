#!/bin/bash
# Builds the wheel of pjsua2: pjproject, its Python binding and our C++ in one extension module.
#
#   telephony/native/build.sh [PYTHON]      prints the wheel's path, and all else on stderr
#
# PYTHON (default: python3) is the interpreter the wheel is for, any CPython from 3.11 on with headers.
# A wheel that was built from the same inputs is found in the cache and the script ends at once.
#
# OFFHOOK_CACHE       where wheels and sources are kept; default ~/.cache/offhook
# PJPROJECT_TARBALL   path or URL of a pjproject tarball, 2.17 or later; default: Debian's source package
#                     of asterisk in sid, which carries pjproject, fetched and verified by apt
set -euo pipefail

say() { echo "pjsua2: $*" >&2; }
stop() { say "$*"; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
python=$(command -v "${1:-python3}") || stop "no interpreter ${1:-python3}"
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")    # not resolved: it may be a venv's link
cache=${OFFHOOK_CACHE:-$HOME/.cache/offhook}
jobs=$(nproc)

# ---- is it there already? ---------------------------------------------------------------------------------

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11) or sys.implementation.name != "cpython")' ||
    stop "$python is no CPython 3.11 or later"
abi=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
system=$(. /etc/os-release && echo "${ID:-linux} ${VERSION_ID:-${VERSION_CODENAME:-}}")

# The tarball counts by its content where it is a file, by its name where it is a URL.
source_id=${PJPROJECT_TARBALL:-debian}
case $source_id in
    debian | *://*) ;;
    *)
        [ -f "$source_id" ] && [ -r "$source_id" ] || stop "PJPROJECT_TARBALL: no readable file $source_id"
        source_id=$(sha256sum < "$source_id")
        ;;
esac
key=$({ cd "$here" && find . -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum; echo "$abi $system $source_id"; } | sha256sum | cut -c1-12)

mkdir -p "$cache/wheels" "$cache/sources"
exec 9> "$cache/wheels/.lock"
flock 9     # two builds at once would only be slower
wheel=$(find "$cache/wheels" -name "pjsua2-*+offhook.$key-*.whl" -print -quit)
if [ -n "$wheel" ]; then
    echo "$wheel"
    exit 0
fi

# ---- what the build needs ---------------------------------------------------------------------------------

mapfile -t packages < <(sed '/^#/d' "$here/debian-packages.txt")
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
if [ ! -f "$include/Python.h" ]; then
    case $("$python" -c 'import sys; print(sys.base_prefix)') in
        /usr) packages+=(python3-dev) ;;
        *) stop "$python has no headers: $include/Python.h is missing" ;;
    esac
fi
"$python" -c 'import ensurepip, venv' 2> /dev/null || packages+=(python3-venv)
if command -v dpkg-query > /dev/null; then
    missing=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null | grep -q '^.i' || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        [ "$(id -u)" = 0 ] || stop "missing Debian packages; run: sudo apt-get install ${missing[*]}"
        say "installing ${missing[*]}"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            "${missing[@]}"; } > "$cache/wheels/apt.log" 2>&1 < /dev/null ||
            stop "apt-get install ${missing[*]} failed, see $cache/wheels/apt.log"
    fi
fi

rm -rf "$cache/wheels"/build.*     # what failed builds left; none is running, for we hold the lock
work=$(mktemp -d "$cache/wheels/build.XXXXXX")
log=$work/log
run() { "$@" >> "$log" 2>&1 < /dev/null || { tail -n 20 "$log" >&2; stop "failed: $*; see $log"; }; }

# ---- the source -------------------------------------------------------------------------------------------

# Debian's mirror as this machine's apt knows it; only the signed index decides what is fetched.
fetch_from_debian() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg codename uri
    command -v apt-get > /dev/null && [ -f "$keyring" ] ||
        stop "no apt with Debian's keyring here: set PJPROJECT_TARBALL to a pjproject tarball"
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    uri=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" 'Identifier: Packages' | head -n 1)
    [ -n "$uri" ] || stop "apt knows no mirror of Debian $codename: run apt-get update, or set PJPROJECT_TARBALL"
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    echo "deb-src [signed-by=$keyring] $uri sid main" > "$work/apt/sources.list"
    local options=(-o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
                   -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache")
    # The unprivileged user that apt downloads as can't write to a private cache folder.
    [ "$(id -u)" = 0 ] && options+=(-o APT::Sandbox::User=root)
    say "fetching pjproject out of Debian's source package"
    run apt-get "${options[@]}" update
    (cd "$work/apt" && run apt-get "${options[@]}" source --download-only asterisk)
    rm -f "$cache/sources/"*-Xpjproject.tar.*
    cp "$work/apt/"*-Xpjproject.tar.* "$cache/sources/" ||
        stop "Debian's asterisk carries no pjproject any more: set PJPROJECT_TARBALL"
}

# $2 gets what $1 names. Stops with one line.
fetch_url() {
    "$python" - "$1" "$2" << 'END' || exit 2
import socket, sys, urllib.request

socket.setdefaulttimeout(60)
try:
    urllib.request.urlretrieve(*sys.argv[1:])
except (OSError, ValueError) as error:
    sys.exit(f"pjsua2: PJPROJECT_TARBALL {sys.argv[1]}: {error}")
END
}

case ${PJPROJECT_TARBALL:-} in
    '')
        tarball=$(find "$cache/sources" -name '*-Xpjproject.tar.*' -print -quit)
        if [ -z "$tarball" ]; then
            fetch_from_debian
            tarball=$(find "$cache/sources" -name '*-Xpjproject.tar.*' -print -quit)
        fi
        ;;
    *://*)
        tarball=$work/pjproject.tar
        say "fetching $PJPROJECT_TARBALL"
        fetch_url "$PJPROJECT_TARBALL" "$tarball"
        ;;
    *) tarball=$PJPROJECT_TARBALL ;;
esac
mkdir "$work/pjproject"
tar -xf "$tarball" -C "$work/pjproject" --strip-components=1 2> "$work/tar.log" ||
    stop "${PJPROJECT_TARBALL:-$tarball} can't be unpacked: $(grep -m 1 . "$work/tar.log")"
export PJDIR=$work/pjproject
part() { sed -n "s/^export PJ_VERSION_$1 *:= *//p" "$PJDIR/version.mak"; }
[ -f "$PJDIR/version.mak" ] || stop "${PJPROJECT_TARBALL:-$tarball} is no pjproject source"
version=$(part MAJOR).$(part MINOR)
[ "$(printf '%s\n' 2.17 "$version" | sort -V | head -n 1)" = 2.17 ] || stop "pjproject $version is older than 2.17"
[ -z "$(part REV)" ] || version+=.$(part REV)

# ---- pjproject --------------------------------------------------------------------------------------------

say "building pjproject $version (log: $log)"
cp "$here/config_site.h" "$PJDIR/pjlib/include/pj/config_site.h"
# Debian strips files whose licence it can't accept. The makefile still names this one, which is all
# comment unless it is configured; an official release has it.
[ -e "$PJDIR/pjmedia/src/pjmedia-audiodev/bdimad_dev.c" ] ||
    : > "$PJDIR/pjmedia/src/pjmedia-audiodev/bdimad_dev.c"
# An official release bundles libraries, and pjmedia would take their headers before those of the system's
# libraries that it is linked with. Debian's source has none of them.
rm -rf "$PJDIR"/third_party/{g7221,gsm,ilbc,milenage,resample,speex,srtp,webrtc,yuv}
mkdir -p "$PJDIR"/{pjlib,pjlib-util,pjnath,pjmedia,pjsip,third_party}/lib
export CFLAGS="-O2 -fPIC -DNDEBUG" CXXFLAGS="-O2 -fPIC -DNDEBUG"
cd "$PJDIR"
# The Speex resampler: libresample is stripped by Debian, and libsamplerate costs many times as much.
run ./configure --enable-epoll --enable-speex-resample --disable-resample --with-external-gsm \
    --with-external-speex --with-external-srtp --disable-video --disable-sound --disable-v4l2 \
    --disable-ffmpeg --disable-openh264 --disable-libyuv --disable-sdl --disable-vpx --disable-bcg729 \
    --disable-silk --disable-lyra --disable-ilbc-codec --disable-g7221-codec --disable-opencore-amr \
    --disable-libwebrtc --disable-libwebrtc-aec3 --disable-upnp
for feature in 'PJMEDIA_HAS_OPUS_CODEC 1' 'PJ_HAS_SSL_SOCK 1'; do
    grep -rqs "define $feature" pjlib/include pjmedia/include || stop "configure left out $feature; see $log"
done
run make -j "$jobs" lib

# ---- the module -------------------------------------------------------------------------------------------

say "building the Python module"
mkdir "$work/module"
cp "$here"/*.cpp "$here"/*.hpp "$here"/offhook.i "$here"/setup.py "$work/module/"
cd "$work/module"
cat "$PJDIR/pjsip-apps/src/swig/pjsua2.i" - <<< '%include "offhook.i"' > pjsua2.i
run swig -python -c++ -threads -doxygen -w312 -I"$PJDIR/pjsip-apps/src/swig" -I"$PJDIR/pjlib/include" \
    -I"$PJDIR/pjlib-util/include" -I"$PJDIR/pjmedia/include" -I"$PJDIR/pjnath/include" \
    -I"$PJDIR/pjsip/include" -o pjsua2_wrap.cpp pjsua2.i
# setuptools packs wheels by itself from 70.1 on; older ones get a newer beside them.
builder=$python
"$python" -c 'import setuptools as s, sys; sys.exit(tuple(map(int, s.__version__.split(".")[:2])) < (70, 1))' \
    2> /dev/null || {
    run "$python" -m venv "$work/venv"
    run "$work/venv/bin/python" -m pip install 'setuptools>=77'
    builder=$work/venv/bin/python
}
export PJSUA2_VERSION="$version+offhook.$key"
run "$builder" setup.py -q bdist_wheel --dist-dir "$work/dist"
wheel=$(find "$work/dist" -name 'pjsua2-*.whl' -print -quit)
mv "$wheel" "$cache/wheels/"
cd "$cache" && rm -rf "$work"
echo "$cache/wheels/$(basename "$wheel")"
