#!/usr/bin/env bash
# Puts an OpenClaw release from an uploaded bundle into place.
#
# Does: checks the bundle's SHA-256 and the free disk, unpacks it into
#     /opt/openclaw/releases/VERSION-SHA12 (through a .partial folder and one rename), runs
#     `node --version` and `openclaw --version` once, points /opt/openclaw/current at it by rename,
#     keeps the release that was current before (/opt/openclaw/previous), removes older ones and the
#     bundle. Does not touch a running OpenClaw: it goes on with the old files until a restart.
# Needs: root, zstd, tar, the user openclaw (install_dependencies.sh).
# Inputs: OPENCLAW_VERSION, e.g. 2026.9.6; BUNDLE_SHA256, 64 hex digits; BUNDLE, the path of the
#     uploaded archive (may be gone when the release is there already); UNPACKED_BYTES (optional,
#     from the bundle's manifest; else five times the bundle's size is assumed).
# Outputs: progress; `hatchery-fact release=VERSION-SHA12`, `hatchery-fact release_state=deployed`
#     (unpacked), `=switched` (was there, is now current) or `=already_current`.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 not root; 30 bundle missing; 31 bundle corrupt (it is
#     removed); 32 disk full; 33 cannot be unpacked; 34 does not run here.
# Again after a kill: a .partial folder is thrown away; a complete one is used as it is.
set -Eeuo pipefail

readonly ROOT=/opt/openclaw
readonly RELEASES=$ROOT/releases

fail() {
    local code=$1
    shift
    echo "deploy_openclaw: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

check_inputs() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${OPENCLAW_VERSION:-} =~ ^[0-9A-Za-z][0-9A-Za-z.-]{0,63}$ ]] || fail 2 "OPENCLAW_VERSION is malformed"
    [[ ${BUNDLE_SHA256:-} =~ ^[0-9a-f]{64}$ ]] || fail 2 "BUNDLE_SHA256 must be 64 hex digits"
    [[ ${BUNDLE:-} == /* ]] || fail 2 "BUNDLE must be an absolute path"
    [[ ${UNPACKED_BYTES:=0} =~ ^[0-9]{1,15}$ ]] || fail 2 "UNPACKED_BYTES must be a number"
}

check_bundle() {
    [[ -f $BUNDLE ]] || fail 30 "there is no bundle at $BUNDLE"
    local sum
    sum=$(sha256sum <"$BUNDLE" | cut -d' ' -f1)
    if [[ $sum != "$BUNDLE_SHA256" ]]; then
        rm -f "$BUNDLE"
        fail 31 "the bundle's SHA-256 is $sum, not $BUNDLE_SHA256"
    fi
    echo "the bundle is what was sent: $(stat -c %s "$BUNDLE") bytes"
}

check_disk() {
    local need=$UNPACKED_BYTES free
    ((need > 0)) || need=$(($(stat -c %s "$BUNDLE") * 5))
    need=$((need + 200000000))
    free=$(df --output=avail -B1 "$RELEASES" | tail -n 1 | tr -d ' ')
    ((free >= need)) || fail 32 "$((free / 1000000)) MB of disk are free, $((need / 1000000)) are needed"
}

unpack() {
    local partial=$RELEASES/$release.partial
    rm -rf -- "$partial"
    mkdir -p "$partial"
    zstd -dcq -- "$BUNDLE" | tar -x -C "$partial" --no-same-owner --no-same-permissions ||
        fail 33 "the bundle could not be unpacked"
    [[ -x $partial/bin/openclaw && -x $partial/bin/node && -f $partial/manifest.json ]] ||
        fail 33 "the bundle is no OpenClaw release"
    echo "unpacked $(find "$partial" -type f | wc -l) files"
    smoke_check "$partial"
    # A power cut after the rename must not leave a complete-looking folder with empty files.
    sync -f "$partial"
    mv -T "$partial" "$RELEASES/$release"
}

# Once a release: on a small server it takes seconds and a few hundred MB.
smoke_check() {
    local folder=$1 told home
    home=$(mktemp -d)
    chown openclaw: "$home"
    told=$(run_as_openclaw "$home" "$folder/bin/node" --version) ||
        fail 34 "node --version failed: ${told//$'\n'/ }"
    echo "node ${told//$'\n'/ }"
    told=$(run_as_openclaw "$home" "$folder/bin/openclaw" --version) ||
        fail 34 "openclaw --version failed: ${told//$'\n'/ }"
    [[ $told == *"$OPENCLAW_VERSION"* ]] || fail 34 "openclaw --version says ${told//$'\n'/ }"
    echo "${told//$'\n'/ }"
    rm -rf -- "$home"
}

run_as_openclaw() {
    local home=$1
    shift
    (cd / && timeout --kill-after=5 120 runuser -u openclaw -- env -i HOME="$home" PATH=/usr/bin:/bin \
        OPENCLAW_STATE_DIR="$home/state" DO_NOT_TRACK=1 "$@" </dev/null 2>&1)
}

# point LINK at RELEASE by one rename.
point() {
    local link=$1 target=$2
    ln -sfn "releases/$target" "$link.partial"
    mv -Tf "$link.partial" "$link"
}

current_release() { basename -- "$(readlink "$ROOT/current" 2>/dev/null || true)"; }

switch() {
    local before
    before=$(current_release)
    [[ $before != "$release" ]] || return 0
    if [[ -n $before && -d $RELEASES/$before ]]; then
        point "$ROOT/previous" "$before"
    fi
    point "$ROOT/current" "$release"
    echo "current is now $release"
}

remove_old() {
    local folder name previous
    previous=$(basename -- "$(readlink "$ROOT/previous" 2>/dev/null || true)")
    for folder in "$RELEASES"/*; do
        name=$(basename -- "$folder")
        if [[ -d $folder && $name != "$release" && $name != "$previous" ]]; then
            echo "removing $name"
            rm -rf -- "$folder"
        fi
    done
    rm -f -- "$BUNDLE" "$BUNDLE.partial"
}

main() {
    check_inputs
    umask 022
    mkdir -p "$RELEASES"
    exec 8>"$ROOT/.lock"
    flock --timeout 900 8 || fail 1 "another deployment has held this server for 15 minutes"
    release=$OPENCLAW_VERSION-${BUNDLE_SHA256:0:12}
    local state=already_current
    if [[ ! -d $RELEASES/$release ]]; then
        state=deployed
        check_bundle
        check_disk
        unpack
    elif [[ $(current_release) != "$release" ]]; then
        state=switched
    fi
    switch
    remove_old
    echo "hatchery-fact release=$release"
    echo "hatchery-fact release_state=$state"
}

main "$@"
