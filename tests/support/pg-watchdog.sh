#!/bin/sh
# pg-watchdog.sh TOOL CLUSTER LOCKS IDLE_SECONDS
# Removes a test cluster once no test process holds a shared lock on LOCKS.users any more: the kernel
# drops a lock with its process, however that ends. A test that begins meanwhile takes LOCKS.start
# first, so it finds either a running cluster or none. Only one watchdog runs for a cluster.
set -u
tool=$1
cluster=$2
locks=$3
idle=$4
exec 7>>"$locks.watchdog" 8>>"$locks.start" 9>>"$locks.users"
flock -n -x 7 || exit 0
while :; do
    flock -x 9
    flock -u 9
    sleep "$idle"
    flock -x 8
    if flock -n -x 9; then
        # The next test may start its own watchdog as soon as it has the start lock.
        "$tool" remove "$cluster" 7>&- 8>&- 9>&-
        # Locks of a cluster that nobody else can use have nobody to serve any more.
        [ "$idle" != 0 ] || rm -f "$locks.watchdog" "$locks.start" "$locks.users"
        exit 0
    fi
    flock -u 8
done
