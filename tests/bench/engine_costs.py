"""What the surroundings cost: a slow disk, NOTIFY inside transactions, a transaction left open."""
import os
import subprocess

from cluster import SOURCE, run

ADD_CHAT = """
WITH o AS (
    INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at)
    SELECT gen_random_uuid(), id, user_id, 'chat', 'pending', 'forward', now(),
        now() + interval '1 hour'
    FROM bots WHERE id = CAST(lpad(to_hex(CAST(:bot AS bigint)), 32, '0') AS uuid)
    RETURNING *
)
INSERT INTO jobs (id, operation_id, bot_id, user_id, step, state, run_at, queue_at, created_at)
SELECT id, id, bot_id, user_id, 'chat_turn', 'available', now(), now(), now() FROM o;
"""


class EngineCosts:
    def __init__(self, bench):
        self.bench = bench
        self.seconds = 1 if bench.quick else 3

    def run(self):
        for name, work in (("what NOTIFY inside costs", self.notify_inside),
                           ("what a long open transaction costs", self.open_transaction),
                           ("fsyncs of a millisecond", self.slow_fsync)):
            self.bench.part(name, work)

    def notify_inside(self):
        """Enqueueing from 16 connections, with and without a NOTIFY in the same transaction."""
        bench = self.bench
        for name, more in (("without NOTIFY", ""), ("with NOTIFY inside", "NOTIFY bench;\n")):
            path = os.path.join(bench.folder, "enqueue.pgbench")
            with open(path, "w") as script:
                script.write(f"\\set bot random(1, 4000)\nBEGIN;\n{ADD_CHAT}{more}COMMIT;\n")
            bench.cluster.sql("hatchery", "empty.sql")
            bench.round(f"enqueue in SQL {name}, 16 clients",
                        bench.cluster.pgbench("hatchery", path, 16, seconds=self.seconds))
        bench.cluster.sql("hatchery", "empty.sql")
        done = bench.ours_on(bench.cluster, "enqueue", "hatchery", threads=16,
                             seconds=self.seconds)
        bench.round("enqueue, ours (NOTIFY outside), 16 callers", done["value"])

    def open_transaction(self):
        """Chains while a session elsewhere holds a snapshot, as a dump does."""
        bench = self.bench
        bench.chain_round(16, name="chain before a long transaction")
        holder = subprocess.Popen(["psql", "-Xq"], env=bench.cluster.environment("hatchery"),
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            bench.cluster.sql("hatchery", "empty.sql")
            holder.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bots;\n")
            holder.stdin.flush()
            # The tables are emptied before: TRUNCATE would wait for the holder.
            for number in range(2):
                bench.chain_beside_holder(f"chain beside a long transaction, part {number + 1}")
        finally:
            holder.stdin.close()
            holder.wait(10)

    def slow_fsync(self):
        library = os.path.join(self.bench.folder, "slow_fsync.so")
        run(["cc", "-shared", "-fPIC", "-O1", "-o", library,
             SOURCE + "/tests/bench/slow_fsync.c", "-ldl"])
        os.environ["PRIVATE_POSTGRES_PRELOAD"] = library
        bench = self.bench
        usual, bench.cluster = bench.cluster, None
        try:
            bench.cluster = bench.open("postgres-slow")
            for clients in (1, 16):
                bench.fused_round("bare", clients, "fused SQL, 1 ms fsync", deploys=150 * clients)
                bench.chain_round(clients, name="chain, 1 ms fsync", deploys=150 * clients)
            bench.drain_round(16, name="drain, 1 ms fsync")
        finally:
            del os.environ["PRIVATE_POSTGRES_PRELOAD"]
            if bench.cluster:
                bench.cluster.close()
            bench.cluster = usual

