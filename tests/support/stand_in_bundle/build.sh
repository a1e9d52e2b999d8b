#!/usr/bin/env bash
# Builds a small stand-in for the OpenClaw release bundle, for tests of many servers.
#
# Usage: build.sh OUTPUT_DIR [VERSION]     (VERSION: 2026.9.6)
# Needs: tar, zstd, python3 (and python3 on the servers, where cloud-init brings it).
# Outputs: the same files as provisioning-scripts/build_bundle.sh; under a second, under 100 KB. Equal
#     inputs give an equal archive, and what is there is replaced by rename.
# Exit codes: 0; 1 a command failed; 2 bad arguments.
set -euo pipefail

[[ $# -ge 1 && $# -le 2 ]] || { echo "usage: build.sh OUTPUT_DIR [VERSION]" >&2; exit 2; }
version=${2:-2026.9.6}
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
mkdir -p "$1"
output=$(cd "$1" && pwd)
name=openclaw-$version-linux-x64.tar.zst
work=$(mktemp -d "$output/.stand-in-XXXXXX")
trap 'rm -rf -- "$work"' EXIT

mkdir -p "$work/release/bin"
install -m 0755 "$here/openclaw" "$work/release/bin/openclaw"
printf '#!/bin/sh\n# The stand-in runs on python3.\necho v0.0.0-stand-in\n' >"$work/release/bin/node"
chmod 0755 "$work/release/bin/node" "$work/release" "$work/release/bin"

bytes=$(cat "$work/release/bin/"* | wc -c)
printf '{\n  "formatVersion": 1,\n  "kind": "openclaw-stand-in",\n  "openclawVersion": "%s",\n  "nodeVersion": "0.0.0",\n  "arch": "linux-x64",\n  "fileCount": 2,\n  "unpackedBytes": %d,\n  "lockSha256": "",\n  "recipe": 1\n}\n' \
    "$version" "$bytes" >"$work/release/manifest.json"
chmod 0644 "$work/release/manifest.json"
LC_ALL=C tar --create --directory "$work/release" --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 \
    --numeric-owner . | zstd -q -3 -o "$work/bundle"
sum=$(sha256sum <"$work/bundle" | cut -d' ' -f1)
sed "\$d" "$work/release/manifest.json" | sed "\$s/\$/,/" >"$work/manifest"
printf '  "builtAt": "%s",\n  "bundle": "%s",\n  "sha256": "%s",\n  "bytes": %d\n}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$name" "$sum" "$(stat -c %s "$work/bundle")" >>"$work/manifest"
printf '%s  %s\n' "$sum" "$name" >"$work/sum"
mv -f "$work/bundle" "$output/$name"
mv -f "$work/manifest" "$output/$name.manifest.json"
mv -f "$work/sum" "$output/$name.sha256"
