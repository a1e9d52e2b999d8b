"""The benchmark's own PostgreSQL, and the programs that are run against it."""
import glob
import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SQL = os.path.join(SOURCE, "tests", "bench", "sql")


class Broken(Exception):
    """A measurement that could not be made; says why."""


def run(command, timeout=180, **more):
    """Runs a program and answers its standard output; what it says on the way goes into Broken."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired as problem:
        raise Broken(f"{os.path.basename(command[0])} did not end within {timeout} s") from problem
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Broken(f"{os.path.basename(command[0])} failed: " + " | ".join(said[-3:]))
    return done.stdout


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def libpq_environment(address, database="hatchery"):
    """What libpq's programs connect by: arguments can be read by anybody on the machine."""
    password, sockets = re.fullmatch(r"postgresql://hatchery:(.*)@/hatchery\?host=(.*)&port=5432",
                                     address).groups()
    return dict(os.environ, PGUSER="hatchery", PGPASSWORD=password, PGDATABASE=database,
                PGHOST=urllib.parse.unquote(sockets), PGPORT="5432")


class Cluster:
    """PostgreSQL with fsync and synchronous_commit on, and one set of settings for everybody."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run([SOURCE + "/tools/private-postgres", "remove", folder], check=False,
                       capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
        self.address = self._private_postgres("start")
        # Checkpoints in the middle of a round would hit one side only.
        self.sql("postgres", "ALTER SYSTEM SET max_wal_size = '8GB'",
                 "ALTER SYSTEM SET checkpoint_timeout = '30min'",
                 # What was sent is read from the log, see ceiling.py.
                 "ALTER SYSTEM SET logging_collector = on",
                 "ALTER SYSTEM SET log_destination = 'jsonlog'",
                 "ALTER SYSTEM SET log_parameter_max_length = -1")
        self._private_postgres("stop")
        self._private_postgres("start")
        self._write_ahead_files()

    def _write_ahead_files(self):
        """A server that has run for a while uses old files of its log again. A new one makes each
        first, in the middle of whatever round comes upon it."""
        self.sql("postgres", "ALTER SYSTEM SET min_wal_size = '4GB'", "SELECT pg_reload_conf()",
                 "SELECT count(pg_logical_emit_message(false, '', repeat(' ', 1000000)))"
                 " FROM generate_series(1, 3000)", "CHECKPOINT")

    def _private_postgres(self, action):
        return run([SOURCE + "/tools/private-postgres", action, self.folder]).strip()

    def set_autovacuum(self, state):
        self.sql("postgres", f"ALTER SYSTEM SET autovacuum = {state}", "SELECT pg_reload_conf()")

    def url(self, database):
        """For libpq."""
        return self.address.replace("@/hatchery?", f"@/{database}?")

    def node_url(self, database):
        """For node-postgres, which wants a host before the slash and uses the one behind `?`."""
        return self.url(database).replace("@/", "@localhost/")

    def environment(self, database):
        return libpq_environment(self.address, database)

    def sql(self, database, *statements, **variables):
        """Runs statements or files of tests/bench/sql; answers what the last one said."""
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        for name, value in variables.items():
            command += ["-v", f"{name}={value}"]
        for statement in statements:
            is_file = statement.endswith(".sql")
            command += ["-f", os.path.join(SQL, statement)] if is_file else ["-c", statement]
        return run(command, timeout=300, env=self.environment(database)).strip()

    def pgbench(self, database, script, clients, variables=None, transactions=None, seconds=None):
        """Transactions per second of a script, with prepared statements."""
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients),
                   "-j", str(min(clients, 2)), "-f", script]
        for name, value in (variables or {}).items():
            command += ["-D", f"{name}={value}"]
        command += ["-t", str(transactions)] if transactions else ["-T", str(seconds)]
        said = run(command, env=self.environment(database))
        failed = re.search(r"number of failed transactions: (\d+)", said)
        if failed and failed.group(1) != "0":
            raise Broken(f"pgbench: {failed.group(1)} transactions failed")
        return float(re.search(r"tps = ([0-9.]+) \(without initial", said).group(1))

    def cpu_seconds(self):
        """What the server and all its processes have used, those that ended included."""
        with open(self.folder + "/data/postmaster.pid") as file:
            postmaster = file.readline().strip()
        ticks = 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    fields = file.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # Fields 14 to 17 of proc(5): user and system, then the same of children that ended.
            if path.split("/")[2] == postmaster:
                ticks += sum(int(field) for field in fields[11:15])
            elif fields[1] == postmaster:
                ticks += sum(int(field) for field in fields[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def logged(self, since):
        """Statements with their parameters that the server has logged since then, oldest first."""
        lines = []
        for path in sorted(glob.glob(self.folder + "/data/log/*.json")):
            with open(path) as log:
                lines += [json.loads(line) for line in log]
        return [line for line in lines if line.get("timestamp", "") >= since]

    def close(self):
        subprocess.run([SOURCE + "/tools/private-postgres", "remove", self.folder], check=False,
                       capture_output=True)


class Progress:
    """Lines that say what is being measured and what has come out, with the time since the start."""

    def __init__(self):
        self.start = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.start:6.1f} s] {text}", flush=True)
