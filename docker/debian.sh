#!/bin/sh
# Installs those of the named Debian packages that are missing, as root; tells everybody else which they are.
# usage: debian.sh PACKAGE...      Elsewhere than on Debian it does nothing.
set -eu
command -v dpkg-query >/dev/null 2>&1 || exit 0
missing=""
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "offhook: Debian packages are missing, run as root: apt-get install$missing" >&2; exit 2; }
echo "offhook: installing Debian packages:$missing"
log=$(mktemp)
{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; echo "offhook: apt-get install$missing failed" >&2; exit 2; }
rm -f "$log"
