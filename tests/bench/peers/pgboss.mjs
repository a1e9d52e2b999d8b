// pg-boss with its defaults, and with two workers that take a thousand jobs at once and go on as long
// as their batches come back full.
import { PgBoss } from "pg-boss";
import pg from "pg";
import { main, oneByOne, pause, pickUp, seconds, signal, untilNone } from "./measure.mjs";

const connectionString = process.env.DATABASE_URL;
const queue = "noop";
const instance = {
  default: {},
  fast: { useListenNotify: true },
};
const workers = {
  default: [{}],
  fast: Array(2).fill({ batchSize: 1000, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }),
};

async function withBoss(setting, work) {
  const boss = new PgBoss({ connectionString, schedule: false, ...instance[setting] });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  // The setting's own queue: notify is an attribute of the queue.
  const name = `${queue}_${setting}`;
  if (!(await boss.getQueue(name))) {
    await boss.createQueue(name, { notify: setting === "fast" });
  }
  const pool = new pg.Pool({ connectionString });
  for (const event of ["error", "connect"]) pool.on(event, () => {});
  await boss.deleteAllJobs(name);
  return work(boss, name, pool);
}

async function fill(boss, name, jobs) {
  const page = 1000;
  for (let i = 0; i < jobs; i += page) {
    const size = Math.min(page, jobs - i);
    await boss.insert(name, Array.from({ length: size }, (_, n) => ({ data: { n: i + n } })));
  }
}

const left = (pool, name) => async () => {
  const rows = await pool.query(
    "SELECT count(*) AS left FROM pgboss.job WHERE name = $1 AND state < 'completed'",
    [name],
  );
  return Number(rows.rows[0].left);
};

main({
  // Polled one by one, the default would take minutes for a thousand: it is cut after 10 s.
  drain: (setting, jobs) =>
    withBoss(setting, async (boss, name, pool) => {
      await fill(boss, name, jobs);
      await pool.query("VACUUM ANALYZE pgboss.job_common");
      const done = signal();
      let count = 0;
      const start = seconds();
      for (const options of workers[setting]) {
        await boss.work(name, options, async (batch) => {
          count += batch.length;
          if (count >= jobs) done.raise();
        });
      }
      if (setting === "default") {
        await Promise.race([done.raised, pause(10_000)]);
        return count / (seconds() - start);
      }
      await done.raised;
      await untilNone(left(pool, name));
      return jobs / (seconds() - start);
    }),
  enqueue: (setting, limit) =>
    withBoss(setting, (boss, name) => oneByOne(() => boss.send(name, { n: 1 }), limit)),
  bulk: (setting, jobs) =>
    withBoss(setting, async (boss, name) => {
      await fill(boss, name, 5000);
      const start = seconds();
      await fill(boss, name, jobs);
      return jobs / (seconds() - start);
    }),
  pickup: (setting, count) =>
    withBoss(setting, async (boss, name) => {
      let current = signal();
      const options = setting === "fast" ? { batchSize: 1 } : {};
      await boss.work(name, options, async () => current.raise(seconds()));
      return pickUp(
        () => boss.send(name, {}),
        () => {
          current = signal();
          return current.raised;
        },
        count,
        setting === "fast" ? 10 : 2000,
      );
    }),
});
