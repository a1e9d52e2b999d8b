#!/bin/bash
# Builds the root file system that every sandbox host starts from: Debian 12 with systemd, sshd
# and cloud-init, nothing that is particular to one machine or one host.
#
# Usage: base-image.sh TARGET
#   TARGET  absolute path of the directory to make; an existing one is left as it is.
#
# Atomic: the tree is built beside TARGET and renamed. Safe when several start at once: they queue
# on TARGET.lock. Progress goes to standard error.
# Exit codes: 0 made or already there, 2 something is missing on this machine, 1 the build failed.
set -euo pipefail

target="${1:?usage: base-image.sh TARGET}"
say() { printf 'base-image: %s\n' "$*" >&2; }

case "$target" in
    /*/*) ;;
    *) say "the target must be an absolute path below a directory, not '$target'"; exit 2 ;;
esac
if [ "$(id -u)" != 0 ]; then
    say "building the base image needs root"
    exit 2
fi
if ! command -v mmdebstrap >/dev/null; then
    say "mmdebstrap is missing: install the package mmdebstrap"
    exit 2
fi

umask 022
mkdir -p "$(dirname "$target")"
exec 9>"$target.lock"
if ! flock --nonblock 9; then
    say "another process is building $target, waiting for it"
    flock 9
fi
[ -e "$target" ] && exit 0

work="$target.building"
# A killed build leaves its tree behind; holding the lock means that nobody uses it.
rm -rf --one-file-system -- "$work"
trap 'rm -rf --one-file-system -- "${work:?}"' EXIT
started=$SECONDS

# What provisioning scripts may expect of a provider's Debian image, and nothing heavier.
packages=(
    systemd systemd-sysv dbus libpam-systemd
    openssh-server cloud-init python3-minimal
    bash coreutils util-linux tar gzip zstd procps sudo
    iproute2 nftables curl git ca-certificates
)
include="$(IFS=,; printf '%s' "${packages[*]}")"

say "building $target (about a minute, once on this machine)"
mmdebstrap --quiet --variant=minbase --mode=root \
    --include="$include" \
    --aptopt='Acquire::Languages "none"' \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$work" >&2

say "configuring"
# This machine may reach the world only through a proxy of its own authority; a host that is given
# a way out must trust it too.
if [ -n "$(find /usr/local/share/ca-certificates -name '*.crt' -print -quit 2>/dev/null)" ]; then
    mkdir -p "$work/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$work/usr/local/share/ca-certificates/"
    chroot "$work" update-ca-certificates >/dev/null 2>&1
fi

# Identity is made at every host's first boot.
rm -f "$work"/etc/ssh/ssh_host_* "$work/var/lib/dbus/machine-id"
: > "$work/etc/machine-id"
printf 'localhost\n' > "$work/etc/hostname"
printf '127.0.0.1 localhost\n' > "$work/etc/hosts"
: > "$work/etc/resolv.conf"
: > "$work/etc/fstab"

# Timers only burn CPU on hosts that live for minutes; there is no terminal to log in at.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer systemd-tmpfiles-clean.timer console-getty.service getty.target \
    systemd-networkd-wait-online.service systemd-logind-varlink.socket; do
    ln -sf /dev/null "$work/etc/systemd/system/$unit"
done

# Said here and not by cloud-init, which would restart sshd for it just after the first logins.
printf 'PasswordAuthentication no\n' > "$work/etc/ssh/sshd_config.d/10-passwords.conf"

# cloud-init as the providers' images have it: root logs in with the keys that user_data or the
# API names, and the seed lies on the disk.
cat > "$work/etc/cloud/cloud.cfg" <<'CFG'
datasource_list: [NoCloud]
datasource: {NoCloud: {}}
network: {config: disabled}
users:
  - name: root
    lock_passwd: true
disable_root: false
ssh_pwauth: unchanged
preserve_hostname: false
manage_etc_hosts: localhost
locale: false
apt_preserve_sources_list: true
ssh_deletekeys: true
ssh_genkeytypes: [ed25519, ecdsa]
syslog_fix_perms: null
cloud_init_modules:
  - bootcmd
  - write-files
  - set_hostname
  - update_hostname
  - update_etc_hosts
  - ca-certs
  - users-groups
  - ssh
cloud_config_modules:
  - set-passwords
  - apt-configure
  - timezone
  - runcmd
cloud_final_modules:
  - package-update-upgrade-install
  - write-files-deferred
  - scripts-vendor
  - scripts-per-once
  - scripts-per-boot
  - scripts-per-instance
  - scripts-user
  - final-message
  - power-state-change
system_info:
  distro: debian
  paths:
    cloud_dir: /var/lib/cloud/
    templates_dir: /etc/cloud/templates/
  package_mirrors: []
  ssh_svcname: ssh
CFG
rm -f "$work"/etc/cloud/cloud.cfg.d/*.cfg
cat > "$work/etc/cloud/cloud.cfg.d/05_logging.cfg" <<'CFG'
output: {all: '| tee -a /var/log/cloud-init-output.log'}
CFG
rm -rf "$work/var/lib/cloud"
mkdir -p "$work/var/lib/cloud/seed/nocloud" "$work/var/log/journal"
# The generator looks for a datasource by means that a container does not have.
printf 'policy: enabled\n' > "$work/etc/cloud/ds-identify.cfg"

# A small persistent journal: it survives a reboot, as on a provider's image.
mkdir -p "$work/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\n' \
    > "$work/etc/systemd/journald.conf.d/size.conf"

rm -rf "$work"/var/cache/apt/*.bin "$work"/var/lib/apt/lists/* "$work"/var/cache/apt/archives/*.deb

chmod 0755 "$work"
mv -T "$work" "$target"
say "built in $((SECONDS - started)) s, $(du -sm "$target" | cut -f1) MB"
