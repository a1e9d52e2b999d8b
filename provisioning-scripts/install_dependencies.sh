#!/usr/bin/env bash
# Makes a fresh server ready for OpenClaw: everything it needs besides the release bundle.
#
# Does: waits for cloud-init; installs zstd, nftables and curl by apt, only those that are missing;
#     time zone UTC; a swap file on machines with less than 4 GB; the system user `openclaw`
#     (home /var/lib/openclaw, no login); folders; a firewall that lets in SSH alone; a cap on the
#     journal; the hardened unit openclaw-gateway.service (not started, not enabled here).
# Needs: root, systemd, Ubuntu 22.04, 24.04 or Debian 12. A way to the package mirror only when one
#     of the three tools is missing. May be run again on a server in any half-done state.
# Inputs (all optional): SSH_PORT (where sshd says that it listens, else 22); CLOUD_INIT_LIMIT_S (300); PACKAGE_LOCK_LIMIT_S (300);
#     SWAP_MB (2048; 0: no swap file).
# Outputs: progress lines; `hatchery-fact os=ubuntu-24.04`, `hatchery-fact memory_mb=N`,
#     `hatchery-fact swap=made|present|refused|unneeded`.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 unsupported server; 20 cloud-init failed; 21 cloud-init
#     timed out; 22 package manager's lock held too long; 23 apt failed; 24 firewall refused.
set -Eeuo pipefail

readonly UNIT=/etc/systemd/system/openclaw-gateway.service
readonly FIREWALL=/etc/hatchery/firewall.nft
readonly FIREWALL_UNIT=/etc/systemd/system/hatchery-firewall.service

fail() {
    local code=$1
    shift
    echo "install_dependencies: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

say() { echo "$*"; }

check_number() { [[ $2 =~ ^[0-9]{1,6}$ ]] || fail 2 "$1 must be a number"; }

check_server() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ -d /run/systemd/system ]] || fail 10 "systemd is not this server's init"
    local ID='' VERSION_ID=''
    # shellcheck source=/dev/null
    . /etc/os-release
    case $ID-$VERSION_ID in
    debian-12* | ubuntu-22.04 | ubuntu-24.04) ;;
    debian-* | ubuntu-*) say "note: $ID $VERSION_ID has not been tried" ;;
    *) fail 10 "$ID $VERSION_ID is not supported" ;;
    esac
    say "hatchery-fact os=$ID-$VERSION_ID"
    say "hatchery-fact memory_mb=$(memory_mb)"
}

memory_mb() { awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo; }

# put FILE MODE: writes standard input to FILE by rename; succeeds when that changed it.
put() {
    local file=$1 mode=$2
    mkdir -p "$(dirname "$file")"
    cat >"$file.hatchery-partial"
    chmod "$mode" "$file.hatchery-partial"
    if cmp -s "$file.hatchery-partial" "$file" && [[ $(stat -c %a "$file") == "$mode" ]]; then
        rm -f "$file.hatchery-partial"
        return 1
    fi
    mv -f "$file.hatchery-partial" "$file"
}

# cloud-init leaves result.json when its last stage has ended, so that the usual case costs no
# start of its slow command line program.
wait_for_cloud_init() {
    command -v cloud-init >/dev/null || return 0
    local deadline=$((SECONDS + CLOUD_INIT_LIMIT_S)) told status=0
    while [[ ! -f /run/cloud-init/result.json ]]; do
        if [[ -f /run/cloud-init/disabled || -f /etc/cloud/cloud-init.disabled ]]; then
            say "cloud-init is disabled here"
            return 0
        fi
        ((SECONDS < deadline)) ||
            fail 21 "cloud-init has not ended within $CLOUD_INIT_LIMIT_S s: $(cloud_init_reason)"
        sleep 0.2
    done
    if [[ $(tr -d ' \n' </run/cloud-init/result.json) == *'"errors":[]'* ]]; then
        say "cloud-init has ended"
        return 0
    fi
    told=$(timeout 60 cloud-init status --long 2>&1) || status=$?
    if [[ $status -eq 2 || $told == *degraded* ]]; then
        say "cloud-init ended degraded, which is tolerated: ${told//$'\n'/ }"
        return 0
    fi
    fail 20 "cloud-init failed: $(tr -d '\n' </run/cloud-init/result.json) ${told//$'\n'/ }"
}

cloud_init_reason() { timeout 60 cloud-init status --long 2>&1 | tr '\n' ' ' || true; }

# The command that shows that a package is there, and the package.
missing_packages() {
    local pair
    for pair in zstd:zstd nft:nftables curl:curl; do
        command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
    done
}

# apt waits for dpkg's lock by itself, but not for the lock of its package lists.
apt_get() {
    local deadline=$((SECONDS + PACKAGE_LOCK_LIMIT_S)) log status
    log=$(mktemp)
    while true; do
        status=0
        timeout 900 apt-get -q -y -o "DPkg::Lock::Timeout=$PACKAGE_LOCK_LIMIT_S" \
            -o Dpkg::Options::=--force-confold "$@" </dev/null >"$log" 2>&1 || status=$?
        cat "$log"
        if [[ $status -eq 0 ]]; then
            rm -f "$log"
            return 0
        fi
        grep -qiE 'could not get lock|unable to acquire|unable to lock' "$log" || break
        if ((SECONDS >= deadline)); then
            rm -f "$log"
            fail 22 "another program has held the package manager's lock for $PACKAGE_LOCK_LIMIT_S s"
        fi
        say "waiting for the package manager's lock"
        sleep 2
    done
    rm -f "$log"
    return 1
}

restart_timers=()
resume_upgrades() { [[ ${#restart_timers[@]} -eq 0 ]] || systemctl start "${restart_timers[@]}" || true; }

# Keeps unattended upgrades from starting while apt is needed; one that already runs is waited for.
pause_upgrades() {
    local timer
    for timer in apt-daily.timer apt-daily-upgrade.timer; do
        if systemctl --quiet is-active "$timer"; then
            systemctl stop "$timer"
            restart_timers+=("$timer")
        fi
    done
    trap resume_upgrades EXIT
}

install_tools() {
    local missing
    mapfile -t missing < <(missing_packages)
    if [[ ${#missing[@]} -eq 0 ]]; then
        say "zstd, nftables and curl are there"
        return 0
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none
    pause_upgrades
    # A predecessor may have been killed while dpkg worked.
    timeout 300 dpkg --configure -a --force-confold </dev/null || true
    apt_get update || say "note: the package lists could not be refreshed"
    apt_get install --no-install-recommends "${missing[@]}" ||
        fail 23 "apt could not install ${missing[*]}; the lines above say why"
    mapfile -t missing < <(missing_packages)
    [[ ${#missing[@]} -eq 0 ]] || fail 23 "still missing after the installation: ${missing[*]}"
}

set_time_zone() {
    if [[ -e /usr/share/zoneinfo/UTC ]]; then
        ln -sfn /usr/share/zoneinfo/UTC /etc/localtime
    else
        rm -f /etc/localtime # without it, the time zone is UTC
    fi
    echo Etc/UTC | put /etc/timezone 644 || true
}

give_up_swap() {
    say "note: no swap: $1"
    swapoff /swapfile 2>/dev/null || true
    rm -f /swapfile
    say "hatchery-fact swap=refused"
}

make_swap() {
    if [[ $SWAP_MB -eq 0 || $(memory_mb) -ge 3900 ]]; then
        say "hatchery-fact swap=unneeded"
        return 0
    fi
    if [[ $(wc -l </proc/swaps) -gt 1 ]]; then
        say "hatchery-fact swap=present"
        return 0
    fi
    local free_mb reason
    free_mb=$(df --output=avail -m / | tail -n 1 | tr -d ' ')
    if ((free_mb < SWAP_MB + 4096)); then
        give_up_swap "only $free_mb MB of disk are free"
        return 0
    fi
    rm -f /swapfile
    (umask 077 && fallocate -l "${SWAP_MB}M" /swapfile) || {
        give_up_swap "the file could not be made"
        return 0
    }
    if ! reason=$(mkswap /swapfile 2>&1 && swapon /swapfile 2>&1); then
        give_up_swap "${reason//$'\n'/ } (containers may not swap)"
        return 0
    fi
    grep -q '^/swapfile ' /etc/fstab 2>/dev/null || echo '/swapfile none swap sw 0 0' >>/etc/fstab
    echo 'vm.swappiness=10' | put /etc/sysctl.d/60-hatchery.conf 644 || true
    sysctl -q -w vm.swappiness=10 || true
    say "hatchery-fact swap=made"
}

# A tool for accounts that was killed leaves its lock behind. Its successors take it over unless some
# process has that number by now, whatever it does: such a lock would hold until the next boot.
drop_stale_account_locks() {
    local lock owner
    for lock in /etc/passwd.lock /etc/shadow.lock /etc/group.lock /etc/gshadow.lock; do
        [[ -f $lock ]] || continue
        owner=$(tr -cd '0-9' <"$lock" | head -c 10) || continue
        case $(cat "/proc/${owner:-0}/comm" 2>/dev/null || true) in
        user* | group* | passwd | chpasswd | chage | vipw | newusers | systemd-sysuser*) ;;
        *) rm -f "$lock" ;;
        esac
    done
}

# The group comes first and by itself: useradd writes the user before the group that it makes for
# it, and killed in between it would leave a user whose group does not exist.
make_user() {
    drop_stale_account_locks
    getent group openclaw >/dev/null || groupadd --system openclaw
    if ! getent passwd openclaw >/dev/null; then
        useradd --system --gid openclaw --home-dir /var/lib/openclaw --no-create-home \
            --shell /usr/sbin/nologin openclaw
        say "made the user openclaw"
    elif [[ $(id -g openclaw) != "$(getent group openclaw | cut -d: -f3)" ]]; then
        usermod --gid openclaw openclaw
        say "gave the user openclaw its group"
    fi
    install -d -m 0755 -o root -g root /opt/openclaw /opt/openclaw/releases
    install -d -m 0750 -o root -g openclaw /etc/openclaw
    install -d -m 0700 -o openclaw -g openclaw /var/lib/openclaw /var/lib/openclaw/state \
        /var/lib/openclaw/workspace
    install -d -m 0700 -o root -g root /var/lib/hatchery /var/lib/hatchery/stage
}

# The world may reach SSH alone. The provider's metadata service, which hands out the user data that
# this server was made with, is for root alone. The first two statements of the file make loading
# it replace what is there in one transaction.
set_firewall() {
    local changed=no
    put "$FIREWALL" 600 <<RULES && changed=yes
table inet hatchery
delete table inet hatchery
table inet hatchery {
    chain input {
        type filter hook input priority filter; policy drop;
        iif "lo" accept
        ct state established,related accept
        ct state invalid drop
        meta l4proto 58 accept comment "ICMPv6"
        icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept
        udp sport 67 udp dport 68 accept
        udp sport 547 udp dport 546 accept
        tcp dport { $SSH_PORT } accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
    chain output {
        type filter hook output priority filter; policy accept;
        ip daddr 169.254.169.254 meta skuid != 0 reject comment "metadata service"
    }
}
RULES
    put "$FIREWALL_UNIT" 644 <<UNIT && changed=yes
[Unit]
Description=Firewall that lets in SSH alone
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft) -f $FIREWALL
ExecReload=$(command -v nft) -f $FIREWALL

[Install]
WantedBy=sysinit.target
UNIT
    local told
    told=$(nft -c -f "$FIREWALL" 2>&1) || fail 24 "the firewall's rules are refused: ${told//$'\n'/ }"
    if [[ $changed == yes ]]; then
        systemctl daemon-reload
    fi
    if [[ $changed == yes ]] || ! nft list table inet hatchery >/dev/null 2>&1 ||
        ! systemctl --quiet is-enabled hatchery-firewall.service; then
        systemctl --quiet enable hatchery-firewall.service
        systemctl restart hatchery-firewall.service || fail 24 "the firewall could not be loaded"
        say "the firewall lets in port $SSH_PORT alone"
    fi
}

cap_journal() {
    if put /etc/systemd/journald.conf.d/50-hatchery.conf 644 <<'CONF'; then
[Journal]
SystemMaxUse=200M
RuntimeMaxUse=50M
CONF
        systemctl restart systemd-journald.service || say "note: journald could not be restarted"
    fi
}

# Exit 78 is a configuration error: trying again by itself would not help. A core dump would put the
# secrets on the disk. Node.js compiles to memory that it writes and executes, so
# MemoryDenyWriteExecute stays off. RestrictSUIDSGID stays off too: with it OpenClaw 2026.9.6 cannot
# take the lock on its state and ends with 78 (it is not needed: the service has no capability and
# cannot gain one).
write_unit() {
    if put "$UNIT" 644 <<'UNIT'; then
[Unit]
Description=OpenClaw gateway
After=network-online.target hatchery-firewall.service
Wants=network-online.target
StartLimitBurst=10
StartLimitIntervalSec=300
ConditionPathExists=/etc/openclaw/openclaw.json

[Service]
User=openclaw
Group=openclaw
WorkingDirectory=/var/lib/openclaw
Environment=HOME=/var/lib/openclaw
Environment=PATH=/opt/openclaw/current/bin:/usr/local/bin:/usr/bin:/bin
Environment=LANG=C.UTF-8
Environment=OPENCLAW_CONFIG_PATH=/etc/openclaw/openclaw.json
Environment=OPENCLAW_STATE_DIR=/var/lib/openclaw/state
Environment=OPENCLAW_CONFIG_READONLY=1
Environment=OPENCLAW_NO_AUTO_UPDATE=1
Environment=OPENCLAW_NO_RESPAWN=1
Environment=OPENCLAW_DISABLE_BONJOUR=1
Environment=OPENCLAW_SERVICE_REPAIR_POLICY=external
Environment=DO_NOT_TRACK=1
Environment=MALLOC_ARENA_MAX=2
EnvironmentFile=/etc/openclaw/env
ExecStart=/opt/openclaw/current/bin/openclaw gateway run
Restart=always
RestartSec=5
RestartPreventExitStatus=78
SuccessExitStatus=0 143
TimeoutStartSec=30
TimeoutStopSec=90
KillMode=mixed
OOMPolicy=continue
TasksMax=1024
LimitNOFILE=65536
LimitCORE=0
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ReadWritePaths=/var/lib/openclaw
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
UNIT
        systemctl daemon-reload
        say "wrote openclaw-gateway.service"
    fi
}

# Where sshd listens: the operator's own machine may have it elsewhere, or at several ports.
ssh_ports() {
    local found
    found=$(/usr/sbin/sshd -T 2>/dev/null | awk '$1 == "port" { print $2 }' | sort -un | paste -sd ,) || true
    echo "${found:-22}"
}

main() {
    SSH_PORT=${SSH_PORT:-$(ssh_ports)} SWAP_MB=${SWAP_MB:-2048}
    CLOUD_INIT_LIMIT_S=${CLOUD_INIT_LIMIT_S:-300} PACKAGE_LOCK_LIMIT_S=${PACKAGE_LOCK_LIMIT_S:-300}
    [[ $SSH_PORT =~ ^[0-9]{1,5}(,[0-9]{1,5})*$ ]] || fail 2 "SSH_PORT must be a port, or several"
    check_number SWAP_MB "$SWAP_MB"
    check_number CLOUD_INIT_LIMIT_S "$CLOUD_INIT_LIMIT_S"
    check_number PACKAGE_LOCK_LIMIT_S "$PACKAGE_LOCK_LIMIT_S"
    umask 022
    check_server
    wait_for_cloud_init
    install_tools
    set_time_zone
    make_swap
    make_user
    set_firewall
    cap_journal
    write_unit
    say "the server is ready for a release"
}

main "$@"
