#!/usr/bin/env bash
# Stops OpenClaw and keeps it from starting at boot. Its data and configuration stay.
#
# Needs: root, systemd.
# Inputs: STOP_LIMIT_S (60): how long OpenClaw may take to finish what it is doing before it is killed.
# Outputs: progress; `hatchery-fact stopped=clean`, `=killed` or `=was_stopped`.
# Exit codes: 0 (also when it was not running or not installed); 1 unexpected; 2 bad input; 10 not
#     root; 60 still there after it was killed.
# Again after a kill: a stop that is under way is waited for.
set -Eeuo pipefail

readonly UNIT=openclaw-gateway.service

fail() {
    local code=$1
    shift
    echo "stop_bot: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

state() { systemctl show --property=ActiveState --value "$UNIT"; }

is_stopped() { [[ $(state) == inactive || $(state) == failed ]]; }

# wait_until_stopped SECONDS
wait_until_stopped() {
    local deadline=$((SECONDS + $1)) said=$SECONDS
    until is_stopped; do
        ((SECONDS < deadline)) || return 1
        if ((SECONDS - said >= 5)); then
            said=$SECONDS
            echo "waiting for OpenClaw to end: $SECONDS s"
        fi
        sleep 0.1
    done
}

main() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${STOP_LIMIT_S:=60} =~ ^[0-9]{1,4}$ ]] || fail 2 "STOP_LIMIT_S must be a number"
    if [[ $(systemctl show --property=LoadState --value "$UNIT") == not-found ]]; then
        echo "hatchery-fact stopped=was_stopped"
        return
    fi
    systemctl --quiet disable "$UNIT"
    if is_stopped; then
        systemctl reset-failed "$UNIT" 2>/dev/null || true
        echo "hatchery-fact stopped=was_stopped"
        return
    fi
    systemctl stop --no-block "$UNIT"
    local how=clean
    if ! wait_until_stopped "$STOP_LIMIT_S"; then
        how=killed
        echo "OpenClaw did not end within $STOP_LIMIT_S s: killing it"
        systemctl kill --signal=SIGKILL "$UNIT" || true
        wait_until_stopped 15 || fail 60 "OpenClaw is still there"
    fi
    systemctl reset-failed "$UNIT" 2>/dev/null || true
    echo "OpenClaw has ended"
    echo "hatchery-fact stopped=$how"
}

main "$@"
