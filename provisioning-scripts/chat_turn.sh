#!/usr/bin/env bash
# Says one message to the bot, through OpenClaw's gateway, and keeps the reply in a file.
#
# Does: posts request.json to 127.0.0.1:18789/v1/chat/completions with the gateway's token, which it
#     reads from /etc/openclaw/env itself; writes answer.json; removes request.json, and the folders
#     of earlier turns. When it is ended by a signal, OpenClaw sees the connection close and stops
#     the turn.
# Needs: root, python3; OpenClaw running.
# Inputs: TURN_DIR, an absolute path below /var/lib/hatchery/turns, with request.json (0600), an
#     OpenAI chat completion without streaming; LIMIT_S (300): how long the bot may take;
#     CONNECT_LIMIT_S (20): how long a gateway that is not there is waited for.
# Outputs: TURN_DIR/answer.json (0600): {"reply": TEXT, "usage": OBJECT or null}. Nothing of message or
#     reply is printed.
# Exit codes: 0; 1 unexpected; 2 bad input; 10 not root; 80 no request.json; 81 no gateway, nothing was
#     sent; 82 no answer within the limit; 83 the gateway ended before it had answered; 84 it refuses
#     the call; 85 the model's provider refuses the key; 86 it asks for a pause, or for money; 87 the
#     model failed; 88 the reply is longer than 1 MB.
# Again after a kill: not by this script: whether the bot has heard the message is then unknown, so
#     whoever starts it again says the message again. An answer that is there is kept, and nothing sent.
set -Eeuo pipefail

readonly TURNS=/var/lib/hatchery/turns

fail() {
    local code=$1
    shift
    echo "chat_turn: $*" >&2
    exit "$code"
}
trap 'fail 1 "line $LINENO: the command failed"' ERR

check_inputs() {
    [[ $EUID -eq 0 ]] || fail 10 "must run as root"
    [[ ${TURN_DIR:-} =~ ^/var/lib/hatchery/turns/[A-Za-z0-9_-]{1,80}$ ]] || fail 2 "TURN_DIR is malformed"
    [[ ${LIMIT_S:=300} =~ ^[0-9]{1,5}$ ]] || fail 2 "LIMIT_S must be a number"
    [[ ${CONNECT_LIMIT_S:=20} =~ ^[0-9]{1,3}$ ]] || fail 2 "CONNECT_LIMIT_S must be a number"
}

# The turns of a bot go one after the other, so what other folders hold has been fetched. A file in a
# folder's place says that this turn was cancelled, to a worker that was frozen before it could begin
# it and may wake at any time: it stays for a day.
remove_other_turns() {
    find "$TURNS" -mindepth 1 -maxdepth 1 -type d ! -name "$(basename "$TURN_DIR")" \
        -exec rm -rf -- {} +
    find "$TURNS" -mindepth 1 -maxdepth 1 -type f -mmin +1440 -delete
}

# post: one request, never repeated; ends with the code that says what became of it.
post() {
    exec python3 -IS /dev/fd/9 "$TURN_DIR" "$LIMIT_S" "$CONNECT_LIMIT_S" 9<<'PYTHON'
import http.client
import json
import os
import re
import signal
import sys
import time

folder, limit_s, connect_limit_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
LONGEST_REPLY = 1_000_000
LONGEST_BODY = 16_000_000


class OutOfTime(Exception):
    pass


def end(*_):
    raise OutOfTime()


def gateway_token():
    with open("/etc/openclaw/env", encoding="utf-8") as file:
        for line in file:
            key, _, value = line.strip().partition("=")
            if key == "OPENCLAW_GATEWAY_TOKEN":
                return re.sub(r"\\(.)", r"\1", value.strip('"'))
    return ""


def connect():
    """The gateway, waited for while nobody listens: until then nothing was sent."""
    deadline = time.monotonic() + connect_limit_s
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", 18789)
        try:
            connection.connect()
            return connection
        except OSError:
            if time.monotonic() >= deadline:
                sys.exit(81)
            time.sleep(0.2)


def cause(status, body):
    """The exit code of an answer that is none: OpenClaw's own refusals, then the model's."""
    try:
        kind = json.loads(body)["error"]["type"]
    except (ValueError, LookupError, TypeError):
        kind = ""
    if kind in ("authentication_error", "permission_error"):
        return 85
    if kind in ("rate_limit_error", "insufficient_quota"):
        return 86
    if status in (400, 401, 403, 404, 405, 413, 415) or kind == "rate_limited":
        return 84
    return 86 if status in (402, 429) else 87


def keep(answer):
    data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    name = os.path.join(folder, "answer.json")
    fd = os.open(name + ".partial", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(name + ".partial", name)


def turn(request):
    token = gateway_token()
    connection = connect()
    try:
        connection.request("POST", "/v1/chat/completions", request, {
            "Content-Type": "application/json", "Authorization": "Bearer " + token})
        response = connection.getresponse()
        body = response.read(LONGEST_BODY)
    except (OSError, http.client.HTTPException):
        return 83
    if response.status != 200:
        return cause(response.status, body)
    try:
        answer = json.loads(body)
        reply = answer["choices"][0]["message"]["content"] or ""
        reply = reply.replace("\0", "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return 87
    if len(reply.encode("utf-8", "replace")) > LONGEST_REPLY:
        return 88
    usage = answer.get("usage")
    keep({"reply": reply, "usage": usage if isinstance(usage, dict) else None})
    return 0


if os.path.exists(os.path.join(folder, "answer.json")):
    sys.exit(0)
try:
    with open(os.path.join(folder, "request.json"), "rb") as file:
        message = file.read()
except FileNotFoundError:
    sys.exit(80)
signal.signal(signal.SIGALRM, end)
signal.alarm(max(1, limit_s))
try:
    sys.exit(turn(message))
except OutOfTime:
    sys.exit(82)
PYTHON
}

main() {
    check_inputs
    umask 077
    local code=0
    [[ -d $TURN_DIR ]] || fail 80 "there is no message in $TURN_DIR"
    remove_other_turns
    (post) || code=$?
    rm -f -- "$TURN_DIR/request.json"
    case $code in
    0) echo "the bot has answered" ;;
    80) fail 80 "there is no message in $TURN_DIR" ;;
    81) fail 81 "OpenClaw's gateway does not answer; nothing was sent" ;;
    82) fail 82 "the bot has not answered within $LIMIT_S s" ;;
    83) fail 83 "the gateway ended before it had answered" ;;
    84) fail 84 "the gateway refuses the call" ;;
    85) fail 85 "the model's provider refuses the key" ;;
    86) fail 86 "the model's provider asks for a pause, or for money" ;;
    87) fail 87 "the model failed" ;;
    88) fail 88 "the reply is longer than 1 MB" ;;
    *) fail 1 "the request ended with $code" ;;
    esac
}

main "$@"
