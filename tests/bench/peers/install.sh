#!/bin/sh
# install.sh FOLDER: installs the peers and the Node.js they run on into FOLDER, as package-lock.json
# pins them, unless they are there. Several may run at once. Needs npm and its registry.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
exec 9>install.lock
flock 9
if [ -d node_modules/fastify ] && cmp -s installed.lock.json "$here/package-lock.json"; then
    exit 0
fi
cp "$here/package.json" "$here/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund >install.log 2>&1 || {
    cat install.log >&2
    exit 1
}
cp "$here/package-lock.json" installed.lock.json
