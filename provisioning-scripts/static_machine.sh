#!/usr/bin/env bash
# Lends one of the operator's own machines out, and makes it clean when it is given back.
#
# Usage: static_machine.sh prepare INSTALLATION NUMBER KEY
#        static_machine.sh wipe INSTALLATION NUMBER
#     prepare   does what cloud-init does on a server that was made for us: lets in root with KEY
#               (`ssh-ed25519 AAAA...`). Before that it wipes what an earlier life left, and writes
#               down who holds the machine now. On a machine that was never lent to Hatchery it
#               touches nothing, and refuses when there is an OpenClaw or a Hatchery already.
#     wipe      ends and removes everything that Hatchery made on the machine, proves that nothing is
#               left, and forgets who held it.
# Does (wipe): units openclaw*, hatchery-run-*, hatchery-firewall, run or not; the user openclaw,
#     its processes, cron tables, mail and temporary files; /opt/openclaw, /etc/openclaw,
#     /var/lib/openclaw, /var/lib/hatchery (runs, stages, secrets), /etc/hatchery; the firewall's
#     table; swap file and settings that install_dependencies.sh made; the journal, which holds what
#     the bot said; keys of Hatchery in root's authorized_keys. The time zone is set back. Left are
#     the tools that apt installed, host keys, the operator's own keys, and the empty file
#     /var/lib/hatchery-machine/lent, which says that what lies in those folders is never the
#     operator's.
# Needs: root, OpenSSH's server, systemd. Runs over SSH with the operator's key; INSTALLATION is a
#     word, NUMBER grows with every life of the machine. May be run again from its first line at any
#     moment; two at once wait for each other.
# Output: progress, `hatchery-fact machine=prepared|clean|passed_on`.
# Exit codes: 0 (wipe: also when a later life holds the machine, which is then left alone); 1
#     unexpected; 2 bad input; 10 not root, no systemd or no sshd; 90 sshd does not let root in by
#     key; 91 another installation holds the machine; 92 a later life holds it (prepare); 93 something
#     could not be removed; 94 the machine has an OpenClaw or a Hatchery of the operator's.
set -Eeuo pipefail

# Apart from /var/lib/hatchery, which the wipe removes before this.
readonly RECORD=/var/lib/hatchery-machine
readonly HELD=$RECORD/held
readonly LENT=$RECORD/lent
readonly LOCK=/run/hatchery-machine.lock
readonly KEYS=/root/.ssh/authorized_keys
readonly MARK=hatchery-machine
readonly FOLDERS=(/opt/openclaw /etc/openclaw /var/lib/openclaw /var/lib/hatchery /etc/hatchery)

fail() {
    local code=$1
    shift
    echo "static_machine: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

check_inputs() {
    [[ ${installation:-} =~ ^[A-Za-z0-9-]{1,64}$ ]] || fail 2 "INSTALLATION is malformed"
    [[ ${number:-} =~ ^[0-9]{1,18}$ ]] || fail 2 "NUMBER is malformed"
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ -d /run/systemd/system ]] || fail 10 "systemd is not this machine's init"
    [[ -x /usr/sbin/sshd ]] || fail 10 "there is no OpenSSH server here"
}

# put FILE MODE: writes standard input to FILE by rename.
put() {
    cat >"$1.partial"
    chmod "$2" "$1.partial"
    sync "$1.partial"
    mv -f "$1.partial" "$1"
}

read_holder() {
    held_by='' held_number=0
    [[ -s $HELD ]] || return 0
    read -r held_by held_number <"$HELD" || true
}

# --- wipe ---------------------------------------------------------------------------------------

our_units() {
    {
        systemctl list-units --all --plain --no-legend 'hatchery-run-*' 'hatchery-firewall*' 'openclaw*' |
            awk '{ print $1 }'
        find /etc/systemd/system -maxdepth 1 \( -name 'hatchery-run-*' -o -name 'hatchery-firewall*' \
            -o -name 'openclaw*' \) -printf '%f\n'
    } | sort -u
}

end_units() {
    local units
    mapfile -t units < <(our_units)
    if [[ ${#units[@]} -gt 0 ]]; then
        systemctl stop "${units[@]}" 2>/dev/null || true
        systemctl kill --signal=KILL "${units[@]}" 2>/dev/null || true
        systemctl --quiet disable "${units[@]}" 2>/dev/null || true
    fi
    find /etc/systemd/system /etc/systemd/system/*.wants -maxdepth 1 \
        \( -name 'hatchery-run-*' -o -name 'hatchery-firewall*' -o -name 'openclaw*' \) \
        -exec rm -rf -- {} +
    systemctl daemon-reload
    systemctl reset-failed 'hatchery-run-*' 'hatchery-firewall*' 'openclaw*' 2>/dev/null || true
    echo "ended ${#units[@]} units"
}

end_processes() {
    local deadline=$((SECONDS + 20))
    while pkill -KILL -u openclaw 2>/dev/null; do
        ((SECONDS < deadline)) || fail 93 "processes of the user openclaw do not end"
        sleep 0.1
    done
}

remove_user() {
    if getent passwd openclaw >/dev/null; then
        end_processes
        local folder
        for folder in /tmp /var/tmp /dev/shm /run /var/spool /var/mail; do
            [[ ! -d $folder ]] || find "$folder" -xdev -user openclaw -exec rm -rf -- {} + 2>/dev/null || true
        done
        rm -f /var/spool/cron/crontabs/openclaw /var/spool/cron/openclaw /etc/cron.d/openclaw* /etc/cron.d/hatchery*
        end_processes
        userdel --force openclaw 2>/dev/null || true
        echo "removed the user openclaw"
    fi
    ! getent group openclaw >/dev/null || groupdel openclaw
}

remove_swap() {
    # The settings are there only when install_dependencies.sh made the file.
    [[ -f /etc/sysctl.d/60-hatchery.conf ]] || return 0
    swapoff /swapfile 2>/dev/null || true
    rm -f /swapfile
    sed -i '\#^/swapfile none swap sw 0 0$#d' /etc/fstab
    rm -f /etc/sysctl.d/60-hatchery.conf
    [[ ! -s $RECORD/swappiness ]] || sysctl -q -w "vm.swappiness=$(<"$RECORD/swappiness")" || true
}

remove_firewall() {
    command -v nft >/dev/null || return 0
    ! nft list table inet hatchery >/dev/null 2>&1 || nft delete table inet hatchery
}

clear_journal() {
    if [[ -f /etc/systemd/journald.conf.d/50-hatchery.conf ]]; then
        rm -f /etc/systemd/journald.conf.d/50-hatchery.conf
        systemctl restart systemd-journald.service || true
    fi
    journalctl --quiet --rotate --vacuum-time=1s 2>/dev/null || true
}

set_time_zone_back() {
    [[ -f $RECORD/localtime ]] || return 0
    local zone
    zone=$(<"$RECORD/localtime")
    if [[ -n $zone ]]; then ln -sfn "$zone" /etc/localtime; else rm -f /etc/localtime; fi
    if [[ -f $RECORD/timezone ]]; then cp "$RECORD/timezone" /etc/timezone; else rm -f /etc/timezone; fi
}

remove_keys() {
    [[ -f $KEYS ]] || return 0
    grep -q " $MARK\$" "$KEYS" || return 0
    { grep -v " $MARK\$" "$KEYS" || true; } >"$KEYS.hatchery-partial"
    chmod --reference="$KEYS" "$KEYS.hatchery-partial"
    chown --reference="$KEYS" "$KEYS.hatchery-partial"
    mv -f "$KEYS.hatchery-partial" "$KEYS"
}

# find_left: sets left to what a clean machine does not have.
find_left() {
    local folder
    left=()
    for folder in "${FOLDERS[@]}"; do
        [[ ! -e $folder ]] || left+=("$folder")
    done
    ! getent passwd openclaw >/dev/null || left+=("the user openclaw")
    [[ -z $(our_units) ]] || left+=("$(our_units | tr '\n' ' ')")
    ! grep -qs " $MARK\$" "$KEYS" || left+=("a key in $KEYS")
}

wipe_all() {
    # First the keys: nobody of ours logs in while things go.
    remove_keys
    end_units
    remove_user
    rm -rf --one-file-system -- "${FOLDERS[@]}" || fail 93 "a folder could not be removed"
    remove_firewall
    remove_swap
    set_time_zone_back
    clear_journal
    find_left
    [[ ${#left[@]} -eq 0 ]] || fail 93 "still there: ${left[*]}"
    # Who held it goes last: a wipe that is cut begins anew.
    rm -f -- "$RECORD/localtime" "$RECORD/timezone" "$RECORD/swappiness" "$HELD"
    sync -f /var/lib
}

wipe() {
    if [[ -n $held_by && $held_by != "$installation" ]]; then
        fail 91 "the installation $held_by holds this machine"
    fi
    if ((held_number > number)); then
        echo "hatchery-fact machine=passed_on"
        return
    fi
    # One that was never lent has nothing of ours.
    [[ ! -e $LENT ]] || wipe_all
    echo "hatchery-fact machine=clean"
}

# --- prepare ------------------------------------------------------------------------------------

hold() {
    install -d -m 0700 "$RECORD"
    : >"$LENT"
    readlink /etc/localtime >"$RECORD/localtime" || true
    [[ ! -f /etc/timezone ]] || cp /etc/timezone "$RECORD/timezone"
    cat /proc/sys/vm/swappiness >"$RECORD/swappiness"
    echo "$installation $number" | put "$HELD" 600
}

check_login() {
    local settings
    mkdir -p /run/sshd
    settings=$(/usr/sbin/sshd -T -C user=root,host=localhost,addr=127.0.0.1 2>/dev/null) ||
        fail 90 "sshd does not understand its settings"
    grep -qE '^permitrootlogin (yes|prohibit-password|without-password)$' <<<"$settings" ||
        fail 90 "set PermitRootLogin prohibit-password: Hatchery logs in as root with a key of its own"
    grep -qE '^pubkeyauthentication yes$' <<<"$settings" || fail 90 "set PubkeyAuthentication yes"
    grep -E '^authorizedkeysfile ' <<<"$settings" | grep -qE ' (%h/|/root/)?\.ssh/authorized_keys( |$)' ||
        fail 90 "sshd does not read $KEYS: add it to AuthorizedKeysFile"
}

check_unused() {
    local unit
    for unit in /etc/systemd/system/hatchery.service /lib/systemd/system/hatchery.service; do
        [[ ! -e $unit ]] || fail 94 "this machine runs Hatchery itself"
    done
    find_left
    [[ ${#left[@]} -eq 0 ]] || fail 94 "this is not Hatchery's: ${left[*]}; remove it first"
}

let_in() {
    install -d -m 0700 /root/.ssh
    {
        if [[ -f $KEYS ]]; then grep -v " $MARK\$" "$KEYS" || true; fi
        echo "$key $MARK"
    } | put "$KEYS" 600
}

prepare() {
    [[ ${key:-} =~ ^ssh-ed25519\ [A-Za-z0-9+/=]{40,200}$ ]] || fail 2 "KEY is malformed"
    if [[ -n $held_by && $held_by != "$installation" ]]; then
        fail 91 "the installation $held_by holds this machine"
    fi
    ((held_number <= number)) || fail 92 "a later life holds this machine"
    check_login
    if [[ $held_by != "$installation" || $held_number -ne $number ]]; then
        if [[ -e $LENT ]]; then wipe_all; else check_unused; fi
        hold
    fi
    let_in
    echo "hatchery-fact machine=prepared"
}

action=${1:-} installation=${2:-} number=${3:-} key=${4:-}
check_inputs
umask 022
exec 9>"$LOCK"
flock --timeout 150 9 || fail 1 "another run has held the machine for 150 s"
read_holder
case $action in
prepare) prepare ;;
wipe) wipe ;;
*) fail 2 "usage: static_machine.sh prepare|wipe INSTALLATION NUMBER [KEY]" ;;
esac
