# shellcheck shell=bash
# The trial itself, as root on the machine that tools/try-package boots. Says in /trial/result what
# was as it should be and what was not.
set -uo pipefail
cd /trial || exit 1
exec >result 2>&1
failed=0
began=$SECONDS

ok() { printf 'ok      %s (%s s)\n' "$*" "$((SECONDS - began))"; }
no() {
    printf 'FAILED  %s\n' "$*"
    failed=1
}
# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    if "$@" >last 2>&1; then ok "$what"; else no "$what: $(tail -n 3 last | tr '\n' ' ')"; fi
}
# until_ready PORT: /readyz answers 200 within 30 s.
until_ready() {
    for _ in $(seq 150); do
        [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/readyz")" = 200 ] && return 0
        sleep 0.2
    done
    return 1
}
# As docs/operating.md has it; older packages did not bring the link.
hatchery_as_service() {
    (cd /var/lib/hatchery && sudo -u hatchery hatchery "$@")
}
main_pid() { systemctl show -p MainPID --value "$1"; }
seconds_of() {
    local from
    from=$(date +%s%N)
    "$@"
    echo $((($(date +%s%N) - from) / 1000000))
}
# set_env NAME VALUE
set_env() {
    sed -i "/^#\?$1=/d" /etc/hatchery/env
    printf '%s=%s\n' "$1" "$2" >>/etc/hatchery/env
}

[ -e /var/lib/hatchery/.env ] || ln -s /etc/hatchery/env /var/lib/hatchery/.env
check 'PostgreSQL runs' systemctl is-active postgresql
systemctl start hatchery
sleep 4
if [ "$(systemctl show -p NRestarts --value hatchery)" = 0 ] && journalctl -u hatchery | grep -q 'DATABASE_URL is not set'; then
    ok 'a wrong configuration is told, and not tried again'
else
    no "a wrong configuration: $(journalctl -u hatchery | tail -n 3 | tr '\n' ' ')"
fi
systemctl reset-failed hatchery

sudo -u postgres createuser hatchery && sudo -u postgres createdb -O hatchery hatchery
set_env DATABASE_URL 'postgresql:///hatchery?host=/run/postgresql'
set_env HATCHERY_MASTER_KEY "$(openssl rand -base64 32)"
set_env HATCHERY_PUBLIC_URL https://hatchery.example.com
set_env HETZNER_API_TOKEN no-project
set_env HETZNER_API_URL http://127.0.0.1:9999/v1
# The load below asks more than one user may.
set_env HATCHERY_RATE_READ 0
set_env HATCHERY_RATE_WRITE 0
set_env TELEGRAM_API_URL http://127.0.0.1:9999
set_env HATCHERY_SERVER_TELEGRAM_API_URL http://127.0.0.1:9999
python3 /trial/outside.py &
check 'the settings are taken' hatchery_as_service config check

check 'serve starts' systemctl enable --now hatchery
check 'serve answers /readyz' until_ready 8080
printf 'HATCHERY_ADMIN_LISTEN=127.0.0.1:9091\n' >/etc/hatchery/worker-1.env
chgrp hatchery /etc/hatchery/worker-1.env
check 'a worker starts' systemctl start hatchery-worker@1
check 'the worker answers /readyz' until_ready 9091

for unit in hatchery hatchery-worker@1; do
    port=8080
    [ "$unit" = hatchery ] || port=9091
    before=$(main_pid "$unit")
    kill -9 "$before"
    sleep 0.5
    if until_ready "$port" && [ "$(main_pid "$unit")" != "$before" ]; then
        ok "$unit is back after kill -9"
    else
        no "$unit did not come back after kill -9"
    fi
done
for unit in hatchery.service hatchery@8081.service hatchery-worker@1.service; do
    exposure=$(systemd-analyze security --no-pager "$unit" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    if [ -n "$exposure" ] && [ "${exposure%.*}" -lt 2 ]; then
        ok "systemd-analyze security of $unit: $exposure"
    else
        no "systemd-analyze security of $unit: $exposure"
    fi
done

token=$(hatchery_as_service token create --user you@example.com --role admin --scopes bots:read,bots:write,deploy,admin,account)
export TOKEN=$token

# Both proxies, as in the examples but for the certificate and, for Caddy, who signs it.
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=hatchery.example.com \
    -addext subjectAltName=DNS:hatchery.example.com -keyout key.pem -out certificate.pem 2>/dev/null
mkdir -p /etc/letsencrypt/live/hatchery.example.com
cp key.pem /etc/letsencrypt/live/hatchery.example.com/privkey.pem
cp certificate.pem /etc/letsencrypt/live/hatchery.example.com/fullchain.pem
rm -f /etc/nginx/sites-enabled/default
cp nginx.conf /etc/nginx/sites-available/hatchery
ln -sf ../sites-available/hatchery /etc/nginx/sites-enabled/hatchery
check 'nginx takes its example' nginx -t
check 'Caddy takes its example' caddy validate --adapter caddyfile --config /trial/Caddyfile
# At another port, since nginx has 443, and without what would listen at 80.
{
    printf '{\n\tauto_https disable_redirects\n}\n'
    sed 's|^hatchery.example.com {|hatchery.example.com:8443 {\n\ttls /trial/certificate.pem /trial/key.pem|' Caddyfile
} >Caddyfile.own
caddy run --adapter caddyfile --config /trial/Caddyfile.own >caddy.log 2>&1 &
nginx
for proxy in nginx:443 Caddy:8443; do
    check "${proxy%:*} passes streams and long polls on as they come" env PROXY_PORT="${proxy#*:}" timeout 120 python3 client.py streams
    cat last
done

# The upgrade of docs/operating.md, with somebody who asks all the time.
declare -A load
PROXY_PORT=443 python3 client.py load >nginx.load 2>&1 &
load[nginx]=$!
# Debian's Caddy cannot send a write again; see packaging/proxy/Caddyfile.
PROXY_PORT=8443 python3 client.py reads >Caddy.load 2>&1 &
load[Caddy]=$!
sleep 2
check 'a second process starts' systemctl start hatchery@8081
check 'the second process answers /readyz' until_ready 8081
check 'dpkg upgrades it' dpkg --log=/dev/null --force-confold -i /trial/new.deb
check 'the new version is ready' until_ready 8080
sleep 2
milliseconds=$(seconds_of systemctl stop hatchery@8081)
if [ "$milliseconds" -le 10000 ]; then ok "the second process drained in $milliseconds ms"; else no "the second process took $milliseconds ms to end"; fi
sleep 2
for proxy in nginx Caddy; do
    kill -INT "${load[$proxy]}"
    if wait "${load[$proxy]}"; then
        ok "no request by $proxy failed in the upgrade: $(tail -n 1 "$proxy.load")"
    else
        no "requests by $proxy failed in the upgrade: $(tail -n 1 "$proxy.load")"
        cat "$proxy.load"
    fi
done
hatchery_as_service doctor --json >doctor.json
check 'doctor finds the database and the schema in order' grep -q '"check": "schema"' doctor.json

# With readers that would stay for ever.
for proxy in nginx:443 Caddy:8443; do
    PROXY_PORT="${proxy#*:}" python3 client.py hold >"${proxy%:*}.hold" 2>&1 &
    for _ in $(seq 100); do
        grep -qs open "${proxy%:*}.hold" && break
        sleep 0.1
    done
    check "twenty streams are open by ${proxy%:*}" grep -q open "${proxy%:*}.hold"
done
for unit in hatchery hatchery-worker@1; do
    milliseconds=$(seconds_of systemctl stop "$unit")
    result=$(systemctl show -p Result --value "$unit")
    if [ "$milliseconds" -le 10000 ] && [ "$result" = success ]; then
        ok "$unit drained in $milliseconds ms"
    else
        no "$unit took $milliseconds ms to end, and systemd says $result"
    fi
done
check 'a back-up is made' sh -c 'sudo -u postgres pg_dump --format=custom hatchery >hatchery.dump'
sudo -u postgres createdb -O hatchery hatchery_restored
check 'the back-up is restored' sh -c 'sudo -u postgres pg_restore --no-owner --role=hatchery --exit-on-error --dbname hatchery_restored <hatchery.dump'
set_env DATABASE_URL 'postgresql:///hatchery_restored?host=/run/postgresql'
set_env HATCHERY_STRAY_SERVERS report
check 'its secrets can be opened' hatchery_as_service keys status
check 'serve starts on the restored database' systemctl start hatchery
check 'serve answers /readyz on the restored database' until_ready 8080
# shellcheck disable=SC2016  # the inner shell expands it
check 'the bots are in it' sh -c 'curl -sf -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/bots | grep -q "Trial 2"'
check 'a purge takes what is ours' sh -c 'dpkg --log=/dev/null --purge hatchery && [ ! -e /usr/bin/hatchery ] && [ ! -e /etc/hatchery/env ]'
[ "$failed" -ne 0 ] || echo 'all as it should be'
