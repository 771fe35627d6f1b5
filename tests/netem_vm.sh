#!/bin/sh
# Makes the call under `tc netem` (tests/end_to_end/test_e2e_namespaces.py) on a kernel that has netem, whatever kernel
# this machine has: Debian's user-mode-linux, a Linux that runs as a process. It takes a minute, needs no root, and
# changes nothing here: its root file system is this one, read-only.
#
# usage: netem_vm.sh [PYTHON]      .venv/bin/python unless told; Debian on amd64 with user-mode-linux, kmod and iproute2
# Exit status: 0 the call passed; 1 it failed, or a test was skipped; 2 it couldn't be made.
set -eu
SELF=$(readlink -f "$0")
TREE=${SELF%/tests/*}
RESULTS=/mnt
LIMIT_S=300

fail() {
    echo "netem_vm.sh: $1" >&2
    exit 2
}

# On this machine's kernel: boots the other one, with this script as its init, and reads what it has left.
outside() {
    [ -x "$1" ] || fail "no $1 here"
    python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
    for program in linux.uml insmod ip tc; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || fail "no $program here"
    done
    results=$(mktemp -d)
    trap 'rm -rf "$results"' EXIT
    # What stands behind `--` is given to init. The memory is a sparse file: what the guest doesn't use isn't taken. The
    # kernel keeps its socket in $HOME.
    HOME=$results timeout -k 10 "$LIMIT_S" linux.uml mem=2G root=/dev/root rootfstype=hostfs rootflags=/ ro loglevel=0 \
        con=null con0=fd:0,fd:1 "init=$SELF" -- "$python" "$results" </dev/null || true
    [ -s "$results/status" ] || fail "the tests didn't come to their end"
    # pytest is content with a test that was skipped. Here it would have shown nothing.
    if grep -q '[0-9] skipped' "$results/log"; then exit 1; fi
    exit "$(cat "$results/status")"
}

# On the other kernel, as its process 1.
inside() {
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run HYPOTHESIS_STORAGE_DIRECTORY=/run/hypothesis
    export PYTHONPATH="$TREE" PYTHONDONTWRITEBYTECODE=1
    mount -t hostfs -o "$2" results "$RESULTS"
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs tmpfs /run
    mkdir -p /dev/shm
    mount -t tmpfs tmpfs /dev/shm
    for module in drivers/net/veth net/sched/sch_netem; do
        insmod "/usr/lib/uml/modules/$(uname -r)/kernel/$module.ko"
    done
    ip link set lo up
    cd "$TREE"
    {
        status=0
        "$1" -m pytest -p no:cacheprovider -k "netem or left" -v tests/end_to_end/test_e2e_namespaces.py || status=1
        echo "$status" >"$RESULTS/status"
    } 2>&1 | tee "$RESULTS/log"
}

if [ $$ -ne 1 ]; then outside "${1:-$TREE/.venv/bin/python}"; fi
trap 'echo o >/proc/sysrq-trigger; sleep 10' EXIT
inside "$@"
