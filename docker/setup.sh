#!/bin/sh
# Set-up from a bare checkout: Debian packages that are missing, the virtual environment, pip packages.
# usage: setup.sh PYTHON VENV      Run by make; does nothing that is done already.
set -eu
python=$1 venv=$2
here=$(dirname "$0")
fail() { echo "offhook: $*" >&2; exit 2; }

command -v "$python" >/dev/null 2>&1 || fail "$python not found: install Python 3.11 or newer (apt-get install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$($python --version) is too old: 3.11 or newer is needed"

packages=$(sed 's/#.*//' "$here/debian-packages.txt")
# Only root can have build.sh install what it needs, so everybody else is told of all at once.
if [ "$(id -u)" != 0 ] && ! ls "${OFFHOOK_CACHE:-$HOME/.cache/offhook}"/wheels/pjsua2-*.whl >/dev/null 2>&1; then
    packages="$packages $(sed 's/#.*//' "$here/../telephony/native/debian-packages.txt")"
    [ "$("$python" -c 'import sys; print(sys.base_prefix)')" != /usr ] || packages="$packages python3-dev"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
sh "$here/debian.sh" $packages

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "offhook: installing Python packages into $venv"
"$venv/bin/pip" install --quiet --upgrade pip
PYTHONWARNINGS=ignore "$venv/bin/pip" install --quiet -e '.[dev]'    # setuptools' pages about editable installs
"$venv/bin/pip" install --quiet --no-deps -r "$here/packages-without-deps.txt"
