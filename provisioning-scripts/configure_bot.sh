#!/usr/bin/env bash
# Installs a bot's configuration and secrets, after OpenClaw itself has found them valid.
#
# Does: removes what earlier runs left in other stage folders (a check that failed keeps its stage,
#     secrets and all); takes openclaw.json and env from its own, checks them with
#     `openclaw config validate` as the user openclaw, installs them by rename as
#     /etc/openclaw/openclaw.json (openclaw, 0600; holds no secret) and /etc/openclaw/env (root,
#     0600; systemd hands its values to the service), and removes the stage. A running OpenClaw is
#     not touched: start_bot.sh with ACTION=restart makes the change take effect.
# Needs: root, python3; install_dependencies.sh and deploy_openclaw.sh done before.
# Inputs: STAGE_DIR, an absolute path below /var/lib/hatchery/stage, with the two files (0600).
# Outputs: `hatchery-fact config=changed` or `=unchanged`; what OpenClaw says against the
#     configuration, with every staged value and every shape of a token struck out.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 not root; 40 nothing staged; 41 refused by OpenClaw: the
#     old configuration stays, the stage is removed; 42 no release; 43 could not be checked.
# Again after a kill: with the stage still there everything is done again; when the kill came after
#     the installation, but before the end, the stage is gone or equal to what is installed: a
#     missing stage is success if APPLIED_ID names it (/etc/openclaw/applied holds the name of the
#     last stage folder that was installed).
set -Eeuo pipefail

readonly FOLDER=/etc/openclaw
readonly STAGES=/var/lib/hatchery/stage
readonly OPENCLAW=/opt/openclaw/current/bin/openclaw
readonly CANDIDATE=$FOLDER/candidate

fail() {
    local code=$1
    shift
    echo "configure_bot: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

check_inputs() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${STAGE_DIR:-} =~ ^/var/lib/hatchery/stage/[A-Za-z0-9_-]{1,80}$ ]] || fail 2 "STAGE_DIR is malformed"
}

# Secrets lie on a server only where OpenClaw needs them, and where the run in progress reads them.
remove_other_stages() {
    [[ ! -d $STAGES ]] || find "$STAGES" -mindepth 1 -maxdepth 1 ! -name "$(basename "$STAGE_DIR")" \
        -exec rm -rf -- {} +
}

check_release() {
    [[ -x $OPENCLAW ]] || fail 42 "no OpenClaw release is installed"
    getent passwd openclaw >/dev/null || fail 42 "the user openclaw is missing"
}

was_applied() { [[ -f $FOLDER/applied && $(<"$FOLDER/applied") == "$(basename "$STAGE_DIR")" ]]; }

# The unit's environment, and the staged secrets read by systemd's own parser, as at a real start.
validate() {
    rm -rf -- "$CANDIDATE"
    install -d -m 0700 -o openclaw -g openclaw "$CANDIDATE"
    install -m 0600 -o openclaw -g openclaw "$STAGE_DIR/openclaw.json" "$CANDIDATE/openclaw.json"
    local told status=0
    told=$(timeout --kill-after=5 100 systemd-run --quiet --pipe --wait --collect \
        --property=User=openclaw --property=Group=openclaw --property=WorkingDirectory=/var/lib/openclaw \
        --property=EnvironmentFile="$STAGE_DIR/env" --property=PrivateTmp=yes \
        --property=RuntimeMaxSec=90 --property=LimitCORE=0 \
        --setenv=HOME=/var/lib/openclaw --setenv=LANG=C.UTF-8 \
        --setenv=PATH=/opt/openclaw/current/bin:/usr/local/bin:/usr/bin:/bin \
        --setenv=OPENCLAW_CONFIG_PATH="$CANDIDATE/openclaw.json" \
        --setenv=OPENCLAW_STATE_DIR=/tmp/openclaw-validate --setenv=OPENCLAW_CONFIG_READONLY=1 \
        --setenv=OPENCLAW_NO_RESPAWN=1 --setenv=DO_NOT_TRACK=1 \
        "$OPENCLAW" config validate --json </dev/null 2>&1) || status=$?
    rm -rf -- "$CANDIDATE"
    [[ $status -ne 0 ]] || return 0
    local printable
    printable=$(strike_out "$STAGE_DIR/env" <<<"$told" | tr '\n' ' ' | cut -c1-2000)
    # One that says why it is invalid has been checked; anything else has not.
    if [[ $told == *'"valid"'* ]]; then
        rm -rf -- "$STAGE_DIR"
        fail 41 "OpenClaw refuses the configuration: $printable"
    fi
    fail 43 "the configuration could not be checked (exit $status): $printable"
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

# install_file NAME OWNER: by rename within the folder.
install_file() {
    install -m 0600 -o "$2" -g "$2" "$STAGE_DIR/$1" "$FOLDER/$1.partial"
    sync "$FOLDER/$1.partial"
    mv -f "$FOLDER/$1.partial" "$FOLDER/$1"
}

main() {
    check_inputs
    remove_other_stages
    check_release
    umask 077
    if [[ ! -f $STAGE_DIR/openclaw.json || ! -f $STAGE_DIR/env ]]; then
        was_applied || fail 40 "nothing is staged in $STAGE_DIR"
        rm -rf -- "$STAGE_DIR"
        echo "hatchery-fact config=unchanged"
        return
    fi
    local state=unchanged
    if ! cmp -s "$STAGE_DIR/openclaw.json" "$FOLDER/openclaw.json" || ! cmp -s "$STAGE_DIR/env" "$FOLDER/env"
    then
        state=changed
        validate
        # The secrets first: a configuration never refers to one that is not there yet.
        install_file env root
        install_file openclaw.json openclaw
    fi
    basename "$STAGE_DIR" >"$FOLDER/applied.partial"
    mv -f "$FOLDER/applied.partial" "$FOLDER/applied"
    sync "$FOLDER"
    rm -rf -- "$STAGE_DIR"
    echo "the configuration is $state"
    echo "hatchery-fact config=$state"
}

main "$@"
