#!/usr/bin/env bash
# Starts or restarts OpenClaw, and waits until it is ready for messages.
#
# Does: enables openclaw-gateway.service; ACTION=start starts it unless it runs, ACTION=restart
#     restarts it once for each OPERATION_ID; either restarts one that runs with an older
#     configuration or release than the installed one. Waits for 200 from 127.0.0.1:18789/readyz
#     and, in webhook mode, from 127.0.0.1:8787/healthz.
#     Exit 78 right after a start can be a false alarm on a busy machine: it tries once more, and
#     three times when the journal names the timeout that causes it (the lease of the state).
# Needs: root, curl, python3; configure_bot.sh done before.
# Inputs: ACTION=start|restart; OPERATION_ID, 1 to 64 of A-Z a-z 0-9 _ -; WEBHOOK=yes|no;
#     START_LIMIT_S (300: a busy machine took 71 s).
# Outputs: a progress line every 5 s; `hatchery-fact ready_s=N`; on failure the journal's last 40
#     lines of this start on standard error, with every value of the secrets' file and every shape of
#     a token struck out.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 not root; 50 configuration error (78, twice); 51 not ready
#     in time; 52 crashed; 53 out of memory; 54 Telegram refuses; 55 webhook port silent; 56 not
#     configured.
# Again after a kill: the note in /var/lib/hatchery/restart says which run of the service was there
#     before the restart, so that a second call knows whether the restart has happened. A service
#     that was restarted for its age is no longer older than what is installed.
set -Eeuo pipefail

readonly UNIT=openclaw-gateway.service
readonly CONFIG=/etc/openclaw/openclaw.json
readonly SECRETS=/etc/openclaw/env
readonly RELEASE=/opt/openclaw/current
readonly NOTE=/var/lib/hatchery/restart
readonly GATEWAY=http://127.0.0.1:18789
readonly WEBHOOK_HEALTH=http://127.0.0.1:8787/healthz
readonly MAX_RESTARTS=3
readonly CLOCK_LAG_US=20000
# A channel that fails while it starts may recover; one that still fails after this has been refused.
readonly TELEGRAM_GRACE_S=10

fail() {
    local code=$1
    shift
    echo "start_bot: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

check_inputs() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${ACTION:-} == start || ${ACTION:-} == restart ]] || fail 2 "ACTION must be start or restart"
    [[ ${OPERATION_ID:-} =~ ^[A-Za-z0-9_-]{1,64}$ ]] || fail 2 "OPERATION_ID is malformed"
    [[ ${WEBHOOK:-} == yes || ${WEBHOOK:-} == no ]] || fail 2 "WEBHOOK must be yes or no"
    [[ ${START_LIMIT_S:=300} =~ ^[0-9]{1,5}$ ]] || fail 2 "START_LIMIT_S must be a number"
    [[ -f $CONFIG && -f $SECRETS ]] || fail 56 "there is no configuration"
    [[ -x $RELEASE/bin/openclaw ]] || fail 56 "no OpenClaw release is installed"
}

property() { systemctl show --property="$1" --value "$UNIT"; }

# read_unit: sets active, sub, result, main_status, restarts in one call.
read_unit() {
    local line
    active='' sub='' result='' main_status=0 restarts=0
    while IFS= read -r line; do
        case $line in
        ActiveState=*) active=${line#*=} ;;
        SubState=*) sub=${line#*=} ;;
        Result=*) result=${line#*=} ;;
        ExecMainStatus=*) main_status=${line#*=} ;;
        NRestarts=*) restarts=${line#*=} ;;
        esac
    done < <(systemctl show "$UNIT" --property=ActiveState,SubState,Result,ExecMainStatus,NRestarts)
}

launch() {
    systemctl --quiet enable "$UNIT"
    local now_running note=''
    now_running=$(property InvocationID)
    if [[ $ACTION == restart ]]; then
        [[ ! -f $NOTE ]] || note=$(<"$NOTE")
        if [[ ${note%% *} != "$OPERATION_ID" ]]; then
            note="$OPERATION_ID ${now_running:-none}"
            echo "$note" >"$NOTE.partial"
            sync "$NOTE.partial"
            mv -f "$NOTE.partial" "$NOTE"
        fi
        if [[ ${now_running:-none} == "${note##* }" ]]; then
            echo "restarting OpenClaw"
            restart_from "$now_running"
            return
        fi
        echo "this restart has happened before"
    fi
    read_unit
    if [[ $active != active && $active != activating && $active != reloading ]]; then
        echo "starting OpenClaw"
        systemctl reset-failed "$UNIT" 2>/dev/null || true
        systemctl start "$UNIT" || true # its fate is read below
    elif is_outdated; then
        echo "restarting OpenClaw: what is installed is newer than what runs"
        restart_from "$now_running"
    fi
}

# Whether the configuration, the secrets or the release were installed after the service started, as
# when a reconfiguration ended before its restart. Compared is the time of the rename (ctime). The
# kernel's clock for files lags by some milliseconds: a tie counts as outdated, as does a start
# whose time is unknown.
is_outdated() {
    local started file changed
    started=$(systemctl show --property=ActiveEnterTimestamp --value --timestamp=us+utc "$UNIT") || return 0
    [[ -n $started ]] || return 0
    started=$(date --date="$started" +%s%6N) || return 0
    for file in "$CONFIG" "$SECRETS" "$RELEASE"; do
        changed=$(stat --format=%.6Z "$file") || return 0
        if ((${changed/./} + CLOCK_LAG_US >= started)); then
            return 0
        fi
    done
    return 1
}

# restart_from INVOCATION: leaves that run of the service (empty: none) for a new one. A restart
# waits for the old process, which may finish a conversation first.
restart_from() {
    local limit=$((SECONDS + 100))
    systemctl reset-failed "$UNIT" 2>/dev/null || true
    systemctl restart --no-block "$UNIT"
    while [[ $(property InvocationID) == "$1" || $(property ActiveState) == deactivating ]]; do
        ((SECONDS < limit)) || return 0
        sleep 0.2
    done
}

# probe URL: sets code (000: no answer) and body.
probe() {
    local answer
    answer=$(curl --silent --max-time 5 --write-out '\n%{http_code}' "$1" 2>/dev/null) || true
    code=${answer##*$'\n'}
    body=${answer%$'\n'*}
}

# strike_out FILE: copies standard input with every value of the secrets' FILE, however it is escaped,
# and every shape of a token struck out. Without a readable FILE it lets nothing through. The same
# in configure_bot.sh and start_bot.sh: the scripts come to a server one by one.
strike_out() {
    python3 -IS /dev/fd/9 "$1" 9<<'PYTHON'
import json
import re
import sys
from urllib.parse import quote

text = sys.stdin.buffer.read().decode("utf-8", "replace")
names = {}
try:
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
except OSError:
    text, lines = "[withheld: the secrets' file cannot be read]", []
for line in lines:
    key, _, written = line.partition("=")
    written = written.strip()
    if len(written) >= 2 and written[0] == written[-1] and written[0] in "\"'":
        written = written[1:-1]
    value = re.sub(r"\\(.)", r"\1", written)
    if len(value) >= 6:
        for form in (value, written, json.dumps(value)[1:-1],
                     json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="")):
            names[form] = key
# The longest first: one that holds another must not leave its rest behind.
for form in sorted(names, key=len, reverse=True):
    text = text.replace(form, "[" + names[form] + "]")
text = re.sub(r"\d{6,12}:[A-Za-z0-9_-]{30,}", "[telegram token]", text)
text = re.sub(r"\b(sk-|sk_|AIza|xai-|gsk_)[A-Za-z0-9_-]{8,}", "[key]", text)
text = re.sub(r"(?i)(bearer )\S+", r"\1[token]", text)
sys.stdout.buffer.write(text.encode("utf-8", "replace"))
PYTHON
}

# Struck out before it is cut: half a secret would not be recognised.
printable_body() { strike_out "$SECRETS" <<<"$body" | tr '\n' ' ' | cut -c1-300; }

journal_tail() {
    {
        journalctl --unit="$UNIT" --since="@$began" --lines=40 --no-pager --output=short-iso 2>/dev/null || true
    } | strike_out "$SECRETS" >&2
}

# The kernel's killer shows as the unit's result, in its journal, or in the kernel's own log.
was_out_of_memory() {
    [[ $result == oom-kill ]] && return 0
    journalctl --unit="$UNIT" --since="@$began" --no-pager 2>/dev/null |
        grep -E 'killed by the OOM killer|JavaScript heap out of memory' >/dev/null && return 0
    journalctl --dmesg --since="@$began" --no-pager 2>/dev/null |
        grep -E 'Out of memory: Killed process [0-9]+ \((node|openclaw)' >/dev/null
}

give_up() {
    journal_tail
    fail "$@"
}

# OpenClaw gives a helper of its own five seconds to start; without a free CPU that is too little.
lost_its_lease() {
    journalctl --unit="$UNIT" --since="@$began" --no-pager 2>/dev/null |
        grep 'lease heartbeat did not become ready' >/dev/null
}

# Called when the service does not run: tries again after 78, else says why and ends.
handle_end() {
    if was_out_of_memory; then
        give_up 53 "OpenClaw was killed for want of memory"
    fi
    if [[ $main_status == 78 ]]; then
        if ((tries < 1)) || { ((tries < 3)) && lost_its_lease; }; then
            tries=$((tries + 1))
            echo "OpenClaw ended with 78 (configuration error); on a busy machine that can be a false alarm: trying again"
            systemctl reset-failed "$UNIT" 2>/dev/null || true
            systemctl start "$UNIT" || true
            return
        fi
        give_up 50 "OpenClaw refuses its configuration (exit 78)"
    fi
    give_up 52 "OpenClaw does not stay up: $result, exit $main_status, $restarts restarts"
}

# One look: returns 0 when everything answers; sets waiting_for.
look() {
    probe "$GATEWAY/readyz"
    if [[ $code != 200 ]]; then
        waiting_for="gateway ($code)"
        if [[ $code == 503 && $body == *'"failing"'*telegram* ]]; then
            waiting_for="telegram channel"
            : "${telegram_failing_since:=$SECONDS}"
            ((SECONDS - telegram_failing_since < TELEGRAM_GRACE_S)) ||
                give_up 54 "OpenClaw runs, but its Telegram channel fails: $(printable_body)"
        else
            telegram_failing_since=''
        fi
        return 1
    fi
    telegram_failing_since=''
    if [[ $WEBHOOK == yes ]]; then
        probe "$WEBHOOK_HEALTH"
        waiting_for="webhook port ($code)"
        [[ $code == 200 ]] || return 1
    fi
}

wait_until_ready() {
    local deadline=$((SECONDS + START_LIMIT_S)) said=$SECONDS first_restarts
    tries=0 telegram_failing_since='' waiting_for=gateway
    read_unit
    first_restarts=$restarts
    while true; do
        read_unit
        if ((restarts - first_restarts >= MAX_RESTARTS)); then
            handle_end
        elif [[ $active == failed || $active == inactive ]]; then
            handle_end
        elif look && [[ $active == active ]]; then
            return 0
        fi
        ((SECONDS < deadline)) || time_out
        if ((SECONDS - said >= 5)); then
            said=$SECONDS
            echo "waiting for the $waiting_for: ${SECONDS} s ($active, $sub)"
        fi
        sleep 0.2
    done
}

time_out() {
    if was_out_of_memory; then
        give_up 53 "OpenClaw was killed for want of memory"
    fi
    case $waiting_for in
    telegram*) give_up 54 "OpenClaw runs, but its Telegram channel fails" ;;
    webhook*) give_up 55 "OpenClaw is ready, but its webhook port does not answer" ;;
    *) give_up 51 "OpenClaw was not ready within $START_LIMIT_S s" ;;
    esac
}

main() {
    check_inputs
    began=$(date +%s)
    launch
    wait_until_ready
    echo "OpenClaw is ready after $SECONDS s"
    echo "hatchery-fact ready_s=$SECONDS"
}

main "$@"
