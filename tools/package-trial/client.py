"""Asks Hatchery through the reverse proxy of the trial.

client.py streams   an event stream and a long poll: nothing is held back on the way
client.py hold      twenty event streams that stay open until somebody ends them
client.py load      reads and writes without a pause until SIGINT; fails if any of them does
client.py reads     the same without writes
"""

import datetime
import http.client
import json
import os
import signal
import ssl
import sys
import threading
import time

TOKEN = os.environ["TOKEN"]
PORT = int(os.environ["PROXY_PORT"])
CONTEXT = ssl.create_default_context(cafile="/trial/certificate.pem")


def connect(timeout=40):
    return http.client.HTTPSConnection("hatchery.example.com", PORT, timeout=timeout, context=CONTEXT)


def ask(method, path, body=None, connection=None):
    own = connection is None
    connection = connection or connect()
    headers = {"Authorization": "Bearer " + TOKEN}
    text = None
    if body is not None:
        text = json.dumps(body)
        headers["Content-Type"] = "application/json"
    connection.request(method, path, text, headers)
    answer = connection.getresponse()
    content = answer.read()
    if own:
        connection.close()
    is_json = "json" in (answer.getheader("Content-Type") or "")
    return answer.status, json.loads(content) if is_json and content else content[:80]


def must(condition, what):
    if not condition:
        print(what)
        sys.exit(1)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def read_stream(bot, lags, seen):
    connection = connect(timeout=20)
    connection.request("GET", f"/api/deploy/{bot}/events", headers={
        "Authorization": "Bearer " + TOKEN, "Accept": "text/event-stream"})
    answer = connection.getresponse()
    while True:
        line = answer.readline().decode()
        if not line:
            return
        if not line.startswith("data:"):
            continue
        at = json.loads(line[5:]).get("at")
        lags.append((now() - datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))).total_seconds())
        seen.set()


def streams():
    number = 1_000_000_000 + int(time.time())
    deadline = time.time() + 20
    while True:
        try:
            status, bot = ask("POST", "/api/bots/create", {
                "name": f"Trial {number}", "telegramBotToken": f"{number}:" + "A" * 35,
                "model": "claude-opus", "modelApiKey": "sk-trial-0123456789",
                "allowedTelegramUserIds": [4711]})
            if status != 502:
                break
        except OSError:
            pass
        must(time.time() < deadline, "the proxy does not answer")
        time.sleep(0.2)
    must(status == 201, f"create answers {status} {bot}")
    lags, seen = [], threading.Event()
    threading.Thread(target=read_stream, args=(bot["id"], lags, seen), daemon=True).start()
    status, begun = ask("POST", "/api/deploy", {"botId": bot["id"]})
    must(status == 202, f"deploy answers {status} {begun}")
    operation = begun["operationId"]
    must(seen.wait(15), "no event came through")

    answers = []

    def wait_for_end():
        asked = time.time()
        while True:
            status, view = ask("GET", f"/api/operations/{operation}?wait=30")
            if status != 200 or view["state"] in ("succeeded", "failed", "cancelled"):
                answers.append((status, time.time() - asked))
                return

    poll = threading.Thread(target=wait_for_end, daemon=True)
    poll.start()
    time.sleep(2)
    must(not answers, f"the long poll did not wait: {answers}")
    status, _ = ask("POST", f"/api/deploy/{bot['id']}/cancel", {})
    must(status in (200, 202), f"cancel answers {status}")
    poll.join(35)
    must(answers and answers[0][0] == 200, f"the long poll ended with {answers}")
    # What was there before the stream began is as old as it is; what came later came at once.
    fresh = [lag for lag in lags if lag < 30]
    must(len(fresh) >= 2 and min(lags[-2:]) < 1.0, f"events came late: {lags}")
    print(f"        {len(lags)} events, the last after {lags[-1] * 1000:.0f} ms; "
          f"the long poll after {answers[0][1]:.1f} s")


def hold():
    _, bots = ask("GET", "/api/bots")
    opened = threading.Event()
    readers = [threading.Thread(target=read_stream, args=(bots["items"][0]["id"], [], opened))
               for _ in range(20)]
    for reader in readers:
        reader.start()
    must(opened.wait(15), "no stream opened")
    print("open", flush=True)
    for reader in readers:
        reader.join()


class Load:
    def __init__(self):
        self.over = threading.Event()
        self.counts = {"reads": 0, "writes": 0}
        self.failures = []
        self.slowest = 0.0

    def once(self, what, method, path, body, expected):
        began = time.time()
        try:
            status, answer = ask(method, path, body)
            if status not in expected:
                self.failures.append(f"{now():%H:%M:%S.%f} {method} {path}: {status} {answer}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer = None
            self.failures.append(f"{now():%H:%M:%S.%f} {method} {path}: {error!r}")
        self.slowest = max(self.slowest, time.time() - began)
        self.counts[what] += 1
        return answer

    def read(self):
        while not self.over.is_set():
            self.once("reads", "GET", "/api/bots", None, (200,))
            time.sleep(0.01)

    def write(self):
        while not self.over.is_set():
            made = self.once("writes", "POST", "/api/auth/tokens",
                             {"name": "trial", "scopes": ["bots:read"]}, (201,))
            if isinstance(made, dict) and "id" in made:
                self.once("writes", "DELETE", "/api/auth/tokens/" + made["id"], None, (200, 204))
            time.sleep(0.05)

    def run(self):
        jobs = [self.read, self.read] + ([self.write] if sys.argv[1] == "load" else [])
        threads = [threading.Thread(target=work) for work in jobs]
        signal.signal(signal.SIGINT, lambda *_: self.over.set())
        for thread in threads:
            thread.start()
        while not self.over.is_set():
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        for failure in self.failures[:20]:
            print(failure)
        print(f"{self.counts['reads']} reads and {self.counts['writes']} writes, "
              f"{len(self.failures)} failed, the slowest took {self.slowest:.2f} s")
        return 1 if self.failures else 0


if sys.argv[1] == "streams":
    streams()
elif sys.argv[1] == "hold":
    hold()
else:
    sys.exit(Load().run())
