#!/bin/sh
# install.sh FOLDER: installs the proxy into FOLDER as package-lock.json pins it, unless it is there.
# Several may run at once. Its path is FOLDER/node_modules/.bin/prism. Needs npm and its registry.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
exec 9>install.lock
flock 9
if [ -x node_modules/.bin/prism ] && cmp -s installed.lock.json "$here/package-lock.json"; then
    exit 0
fi
cp "$here/package.json" "$here/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund >install.log 2>&1 || {
    cat install.log >&2
    exit 1
}
cp "$here/package-lock.json" installed.lock.json
