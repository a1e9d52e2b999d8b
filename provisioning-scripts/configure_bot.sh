#!/usr/bin/env bash
# Installs a bot's configuration and secrets, after OpenClaw itself has found them valid.
#
# Does: takes openclaw.json and env from the stage folder, checks them with
#     `openclaw config validate` as the user openclaw, installs them by rename as
#     /etc/openclaw/openclaw.json (openclaw, 0600; holds no secret) and /etc/openclaw/env (root,
#     0600; systemd hands its values to the service), and removes the stage. A running OpenClaw is
#     not touched: start_bot.sh with ACTION=restart makes the change take effect.
# Needs: root, install_dependencies.sh and deploy_openclaw.sh done before.
# Inputs: STAGE_DIR, an absolute path below /var/lib/hatchery/stage, with the two files (0600).
# Outputs: `hatchery-fact config=changed` or `=unchanged`.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 not root; 40 nothing staged; 41 refused by OpenClaw: the
#     old configuration stays, the stage is removed; 42 no release; 43 could not be checked.
# Again after a kill: with the stage still there everything is done again; when the kill came after
#     the installation, but before the end, the stage is gone or equal to what is installed: a
#     missing stage is success if APPLIED_ID names it (/etc/openclaw/applied holds the name of the
#     last stage folder that was installed).
set -euo pipefail

readonly FOLDER=/etc/openclaw
readonly OPENCLAW=/opt/openclaw/current/bin/openclaw
readonly CANDIDATE=$FOLDER/candidate

fail() {
    local code=$1
    shift
    echo "configure_bot: $*" >&2
    exit "$code"
}
trap 'echo "configure_bot: line $LINENO: the command failed" >&2' ERR

check_inputs() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${STAGE_DIR:-} =~ ^/var/lib/hatchery/stage/[A-Za-z0-9_-]{1,80}$ ]] || fail 2 "STAGE_DIR is malformed"
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
        --property=RuntimeMaxSec=90 --setenv=HOME=/var/lib/openclaw --setenv=LANG=C.UTF-8 \
        --setenv=PATH=/opt/openclaw/current/bin:/usr/local/bin:/usr/bin:/bin \
        --setenv=OPENCLAW_CONFIG_PATH="$CANDIDATE/openclaw.json" \
        --setenv=OPENCLAW_STATE_DIR=/tmp/openclaw-validate --setenv=OPENCLAW_CONFIG_READONLY=1 \
        --setenv=OPENCLAW_NO_RESPAWN=1 --setenv=DO_NOT_TRACK=1 \
        "$OPENCLAW" config validate --json </dev/null 2>&1) || status=$?
    rm -rf -- "$CANDIDATE"
    [[ $status -ne 0 ]] || return 0
    # One that says why it is invalid has been checked; anything else has not.
    if [[ $told == *'"valid"'* ]]; then
        rm -rf -- "$STAGE_DIR"
        fail 41 "OpenClaw refuses the configuration: $(redact "$told")"
    fi
    fail 43 "the configuration could not be checked (exit $status): $(redact "$told")"
}

redact() {
    tr '\n' ' ' <<<"$1" | sed -E 's/[0-9]{6,12}:[A-Za-z0-9_-]{30,}/[telegram token]/g;
        s/\b(sk-|sk_|AIza|xai-|gsk_)[A-Za-z0-9_-]{8,}/[key]/g' | cut -c1-2000
}

# install_file NAME OWNER: by rename within the folder.
install_file() {
    install -m 0600 -o "$2" -g "$2" "$STAGE_DIR/$1" "$FOLDER/$1.partial"
    sync "$FOLDER/$1.partial"
    mv -f "$FOLDER/$1.partial" "$FOLDER/$1"
}

main() {
    check_inputs
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
