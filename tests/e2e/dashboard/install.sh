#!/bin/sh
# install.sh FOLDER: puts the journeys and the packages that package-lock.json pins into FOLDER, unless
# they are there. Several may run at once. Needs npm and its registry. Exit codes: 0; 1 npm failed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
exec 9>install.lock
flock 9
cp "$here"/*.mjs .
if [ -d node_modules/playwright-core ] && cmp -s installed.lock.json "$here/package-lock.json"; then
    exit 0
fi
cp "$here/package.json" "$here/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund >install.log 2>&1 || {
    cat install.log >&2
    exit 1
}
cp "$here/package-lock.json" installed.lock.json
