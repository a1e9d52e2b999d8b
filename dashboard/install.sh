#!/bin/sh
# install.sh: puts the packages that package-lock.json pins into node_modules beside this file, unless
# they are there. Several builds may run it at once. Needs npm and, when something is missing, its
# registry. Exit codes: 0; 1 npm failed.
set -eu
cd "$(dirname "$0")"
exec 9<package-lock.json
flock 9
installed=node_modules/.installed-lock.json
if cmp -s package-lock.json "$installed"; then
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
npm ci --ignore-scripts --no-audit --no-fund >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
cp package-lock.json "$installed"
