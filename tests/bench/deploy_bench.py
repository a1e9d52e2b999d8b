"""Measures deployments in the sandbox cloud: one with the real OpenClaw, twenty at once with the
stand-in.

deploy.own_ms   what Hatchery itself took of one deployment: for every run of a step, its time without
                its calls to provider, server and Telegram, plus how late after its due time it began.
deploy.requests requests to the provider per deployment, with twenty deployed at once.
"""
import base64
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from cluster import SOURCE, Broken

FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')


class Api:
    def __init__(self, base, bearer=""):
        self.base, self.bearer = base, bearer

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.bearer:
            request.add_header("Authorization", "Bearer " + self.bearer)
        with urllib.request.urlopen(request, timeout=90) as answer:
            text = answer.read()
            return json.loads(text) if text else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class World:
    """A database, a sandbox cloud and Hatchery, for one measurement. `sandbox` has further options
    of the sandbox, `environment` further settings of Hatchery."""

    def __init__(self, binaries, folder, bundles, sandbox=(), environment=None):
        self.bin, self.folder = binaries, folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        os.chmod(folder, 0o711)
        self.log = os.path.join(folder, "hatchery.log")
        self.processes = []
        self.database = os.path.join(folder, "postgres")
        url = subprocess.run([SOURCE + "/tools/private-postgres", "start", self.database],
                             check=True, capture_output=True, text=True).stdout.strip()
        sandbox = subprocess.Popen(
            [binaries + "/hatchery-sandbox", "--listen", "127.0.0.1:0", "--ssh-port", "2222",
             "--die-with-parent", *sandbox],
            stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "sandbox.log"), "w"))
        self.processes.append(sandbox)
        urls = json.loads(sandbox.stdout.readline())
        self.cloud, self.model = Api(urls["hetzner"], "bench-project"), urls["model"]
        self.digitalocean = Api(urls["digitalocean"], "bench-account")
        self.database_url = url
        port = free_port()
        self.environment = dict(
            os.environ, DATABASE_URL=url, PORT=str(port), HATCHERY_LISTEN="127.0.0.1",
            HATCHERY_MASTER_KEY=base64.b64encode(secrets.token_bytes(32)).decode(),
            HATCHERY_PUBLIC_URL=f"http://127.0.0.1:{port}",
            HATCHERY_API_URL=f"http://127.0.0.1:{port}", HETZNER_API_TOKEN="bench-project",
            HETZNER_API_URL=urls["hetzner"], DIGITALOCEAN_API_URL=urls["digitalocean"],
            TELEGRAM_API_URL=urls["telegram"],
            GOOGLE_ISSUER_URL=urls["signIn"], GOOGLE_CLIENT_ID="bench",
            GOOGLE_CLIENT_SECRET="bench-client-secret",
            HATCHERY_BUNDLE_DIR=bundles, HATCHERY_LOG_LEVEL="debug",
            HATCHERY_SSH_PORT="2222")
        self.environment.update(environment or {})
        hatchery = subprocess.Popen([binaries + "/hatchery", "serve"], env=self.environment,
                                    cwd=folder, stderr=open(self.log, "w"))
        self.processes.append(hatchery)
        self.api = Api(f"http://127.0.0.1:{port}")
        self.wait(lambda: self.ready(), 30)
        made = subprocess.run(
            [binaries + "/hatchery", "token", "create", "--user", "bench@example.com", "--role",
             "admin", "--scopes", "bots:read,bots:write,deploy,admin"],
            env=self.environment, cwd=folder, check=True,
            capture_output=True, text=True)
        self.api.bearer = made.stdout.strip()

    def ready(self):
        try:
            self.api.call("GET", "/readyz")
            return True
        except (urllib.error.URLError, ConnectionError):
            return False

    @staticmethod
    def wait(holds, limit):
        end = time.monotonic() + limit
        while not holds():
            if time.monotonic() > end:
                raise Broken("gave up waiting")
            time.sleep(0.1)

    def deploy(self, name):
        bot = self.make_bot(name)
        self.api.call("POST", "/api/deploy", {"botId": bot})
        return bot

    def make_bot(self, name):
        token = f"{secrets.randbelow(8 * 10**9) + 10**9}:{secrets.token_hex(18)}"
        return self.api.call("POST", "/api/bots/create", {
            "name": name, "telegramBotToken": token, "model": "sandbox/sandbox-1",
            "modelApiKey": "bench-key", "modelBaseUrl": self.model,
            "allowedTelegramUserIds": [4711]})["id"]

    def wait_active(self, bots, limit):
        def all_active():
            states = [self.api.call("GET", f"/api/deploy/{bot}/status") for bot in bots]
            for state in states:
                if state["status"] == "failed":
                    raise Broken("a deployment failed: " + json.dumps(state))
            return all(state["status"] == "active" for state in states)
        self.wait(all_active, limit)

    def own_ms(self, bot):
        total = 0
        with open(self.log) as lines:
            for line in lines:
                if " event=step_run " not in line:
                    continue
                fields = dict(FIELD.findall(line))
                if fields["bot"] == bot:
                    total += int(fields["ms"]) - int(fields["outside_ms"])
                    total += max(0, int(fields["late_ms"]))
        return total

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)
        subprocess.run([SOURCE + "/tools/private-postgres", "remove", self.database], check=False,
                       capture_output=True)


def seconds(start, end):
    parse = lambda text: time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float(
        "0" + text[19:].rstrip("Z"))
    return parse(end) - parse(start)


def measure_one(arguments, figures):
    world = World(arguments.bin, SOURCE + "/build/bench/one", arguments.bundles)
    try:
        bot = world.deploy("One")
        world.wait_active([bot], 300)
        operation = world.api.call("GET", f"/api/deploy/{bot}/status")["operation"]
        print("one deployment with the real OpenClaw")
        for step in operation["steps"]:
            took = seconds(step["startedAt"], step["finishedAt"])
            print(f"  {step['kind']:24} {took:8.2f} s")
            figures.add(f"deploy.{step['kind']}_s", round(took, 2), "s")
        whole = seconds(operation["steps"][0]["startedAt"], operation["steps"][-1]["finishedAt"])
        figures.add("deploy.whole_s", round(whole, 2), "s")
        figures.at_most("deploy.own_ms", world.own_ms(bot), "ms", 500)
    finally:
        world.close()


def measure_twenty(arguments, figures):
    stand_in = SOURCE + "/build/bench/stand-in"
    subprocess.run([SOURCE + "/tests/support/stand_in_bundle/build.sh", stand_in], check=True)
    world = World(arguments.bin, SOURCE + "/build/bench/twenty", stand_in)
    try:
        world.cloud.call("DELETE", "/sandbox/requests")
        started = time.monotonic()
        bots = [world.deploy(f"Bot {number}") for number in range(20)]
        world.wait_active(bots, 600)
        took = time.monotonic() - started
        counted = world.cloud.call("GET", "/sandbox/requests")
        per_deployment = counted["total"] / len(bots)
        print("twenty deployments at once, requests to the provider:")
        for route, count in sorted(counted["byRoute"].items()):
            print(f"  {route:40} {count:5}")
        figures.add("deploy.twenty_s", round(took, 1), "s")
        figures.at_most("deploy.requests", round(per_deployment, 2), "requests per deployment", 1.3)
    finally:
        world.close()



def run(arguments, figures, progress):
    """Both measurements. Answers what broke."""
    problems = []
    progress.say("building the release bundle")
    try:
        subprocess.run([arguments.bin + "/hatchery", "bundle", "build", "--output",
                        arguments.bundles], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as problem:
        problems.append(f"building the release bundle: {problem}")
    for name, measure, figure, unit, aim in (
            ("one deployment with the real OpenClaw", measure_one, "deploy.own_ms", "ms",
             "at most 500"),
            ("twenty deployments at once", measure_twenty, "deploy.requests",
             "requests per deployment", "at most 1.3")):
        progress.say(name)
        try:
            measure(arguments, figures)
        except (Broken, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
            problems.append(f"{name}: {problem}")
            figures.broken(figure, unit, aim)
    return problems
