#!/usr/bin/env bash
# Replaces the SSH host key that a server got through cloud-init (user data stays readable at the
# provider and from inside the server) by one that was made on the server and never left it.
#
# Usage: rotate_host_key.sh prepare | activate
#     prepare   makes a new Ed25519 host key beside the one in force, once, and prints its public
#               half. The caller stores it before it calls activate.
#     activate  puts the new key into place, removes every other host key, restricts sshd and
#               reloads it. Sessions that are open stay open.
# Needs: root, OpenSSH's server. Inputs: none. Runs over SSH; takes well under a second.
# Output: `hatchery-fact host_key=ssh-ed25519 AAAA...` (both), and for activate
#     `hatchery-fact host_key_state=activated` or `=already_active`.
# Exit codes: 0; 2 bad arguments; 10 not root or no sshd; 70 failed, the old keys are in force;
#     71 activate without a prepared key.
#
# Re-entrancy: the phases are apart so that the caller can accept both keys while it does not know
# whether activate happened. prepare again prints the same key; once it is active, prepare and
# activate print that active key. A key in force is recognised by the public half that prepare left
# in hatchery-active.pub, so that a second activate never takes the key of cloud-init for the new
# one. activate checks the settings with sshd -t before it removes anything, and the new key is
# moved by one rename: a cut in between leaves either the old key or the new one, never none.
set -Eeuo pipefail

readonly KEY=/etc/ssh/ssh_host_ed25519_key
readonly NEW=/etc/ssh/ssh_host_ed25519_key.hatchery-new
readonly ACTIVE=/etc/ssh/hatchery-active.pub
readonly DROP_IN=/etc/ssh/sshd_config.d/00-hatchery.conf
readonly CLOUD_INIT_DROP_IN=/etc/cloud/cloud.cfg.d/99-hatchery-host-keys.cfg

fail() {
    local code=$1
    shift
    echo "rotate_host_key: $*" >&2
    exit "$code"
}
trap 'fail 70 "line $LINENO: the command failed; the key in force is as it was"' ERR

public_half() { cut -d' ' -f1,2 "$1"; }

print_key() { echo "hatchery-fact host_key=$(public_half "$1")"; }

# The new key is in force when the key file's own public half is the one that was prepared.
is_active() {
    [[ -f $ACTIVE && -f $KEY ]] || return 1
    [[ $(ssh-keygen -y -f "$KEY" | cut -d' ' -f1,2) == "$(public_half "$ACTIVE")" ]]
}

prepare() {
    if is_active; then
        print_key "$ACTIVE"
        return
    fi
    if [[ ! -f $NEW ]]; then
        rm -f "$NEW.partial" "$NEW.partial.pub"
        ssh-keygen -q -t ed25519 -N '' -C hatchery -f "$NEW.partial"
        sync "$NEW.partial"
        mv -f "$NEW.partial" "$NEW"
        rm -f "$NEW.partial.pub"
    fi
    ssh-keygen -y -f "$NEW" >"$NEW.pub.partial"
    mv -f "$NEW.pub.partial" "$NEW.pub"
    print_key "$NEW.pub"
}

write_settings() {
    mkdir -p "$(dirname "$DROP_IN")"
    cat >"$DROP_IN.partial" <<'SETTINGS'
# Written by Hatchery.
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
X11Forwarding no
MaxStartups 30:50:200
MaxSessions 20
ClientAliveInterval 30
ClientAliveCountMax 4
SETTINGS
    mv -f "$DROP_IN.partial" "$DROP_IN"
    grep -qsiE '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/' /etc/ssh/sshd_config ||
        sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config
    # cloud-init would plant the old key again, and make the other kinds, for a new instance id.
    if [[ -d $(dirname "$CLOUD_INIT_DROP_IN") ]]; then
        printf 'ssh_deletekeys: false\nssh_genkeytypes: []\n' >"$CLOUD_INIT_DROP_IN.partial"
        mv -f "$CLOUD_INIT_DROP_IN.partial" "$CLOUD_INIT_DROP_IN"
    fi
}

check_settings() {
    mkdir -p /run/sshd
    local told
    told=$(/usr/sbin/sshd -t 2>&1) && return
    rm -f "$DROP_IN"
    fail 70 "sshd refuses the settings: $told"
}

remove_other_keys() {
    local file
    for file in /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub; do
        [[ $file == "$KEY" || $file == "$KEY.pub" || ! -e $file ]] || rm -f "$file"
    done
    rm -f "$NEW.pub"
}

# A running sshd reads its host keys again at a reload; a socket-activated one (Ubuntu 24.04) has
# none running, and reads them at the next connection.
reload_sshd() {
    local unit
    for unit in ssh.service sshd.service; do
        if systemctl --quiet is-active "$unit"; then
            systemctl reload "$unit"
            return
        fi
    done
}

# A reload is not over when systemctl returns: for some milliseconds sshd shows the old key, then
# listens to nobody. The next connection of the caller shall find the new key.
wait_until_shown() {
    local port shown='' wanted deadline=$((SECONDS + 10))
    port=$(/usr/sbin/sshd -T 2>/dev/null | awk '$1 == "port" && !found { print $2; found = 1 }')
    wanted=$(public_half "$ACTIVE")
    until [[ $shown == *"$wanted"* ]]; do
        shown=$(ssh-keyscan -T 2 -t ed25519 -p "${port:-22}" 127.0.0.1 2>/dev/null) || true
        ((SECONDS < deadline)) || fail 70 "sshd does not show the new key"
        sleep 0.02
    done
}

activate() {
    local state=activated
    if is_active; then
        state=already_active
    elif [[ ! -f $NEW ]]; then
        fail 71 "no new host key has been prepared"
    fi
    [[ -f $KEY || ! -f $NEW ]] || cp -p "$NEW" "$KEY"
    write_settings
    check_settings
    if [[ $state == activated ]]; then
        ssh-keygen -y -f "$NEW" >"$ACTIVE.partial"
        mv -f "$ACTIVE.partial" "$ACTIVE"
        chmod 0600 "$NEW"
        mv -f "$NEW" "$KEY"
    fi
    rm -f "$NEW"
    cp "$ACTIVE" "$KEY.pub.partial"
    mv -f "$KEY.pub.partial" "$KEY.pub"
    remove_other_keys
    sync /etc/ssh
    reload_sshd
    wait_until_shown
    print_key "$ACTIVE"
    echo "hatchery-fact host_key_state=$state"
}

[[ $EUID -eq 0 ]] || fail 10 "must run as root"
[[ -x /usr/sbin/sshd ]] || fail 10 "there is no OpenSSH server here"
umask 077
case "${1:-}" in
prepare) prepare ;;
activate) activate ;;
*) fail 2 "usage: rotate_host_key.sh prepare | activate" ;;
esac
