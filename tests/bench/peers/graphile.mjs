// graphile-worker with its defaults, and with the preset that its page on performance measures with.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { main, oneByOne, pickUp, seconds, signal, untilNone } from "./measure.mjs";

const connectionString = process.env.DATABASE_URL;
const quiet = new Logger(() => () => {});
const settings = {
  default: {},
  fast: {
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};

async function worker(setting, task) {
  return run({
    preset: { worker: { connectionString, logger: quiet, ...settings[setting] } },
    taskList: { noop: task },
    noHandleSignals: true,
    crontab: "",
  });
}

async function fill(utils, jobs) {
  const page = 1000;
  for (let i = 0; i < jobs; i += page) {
    const size = Math.min(page, jobs - i);
    await utils.addJobs(
      Array.from({ length: size }, (_, n) => ({ identifier: "noop", payload: { n: i + n } })),
    );
  }
}

async function withUtils(work) {
  const pool = new pg.Pool({ connectionString });
  for (const event of ["error", "connect"]) pool.on(event, () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, preset: { worker: { logger: quiet } } });
  await utils.migrate();
  await pool.query("TRUNCATE graphile_worker._private_jobs");
  return work(utils, pool);
}

main({
  drain: (setting, jobs) =>
    withUtils(async (utils, pool) => {
      await fill(utils, jobs);
      await pool.query("VACUUM ANALYZE graphile_worker._private_jobs");
      const done = signal();
      let count = 0;
      const start = seconds();
      const runner = await worker(setting, async () => {
        if (++count === jobs) done.raise();
      });
      await done.raised;
      await untilNone(async () => {
        const rows = await pool.query("SELECT count(*) AS left FROM graphile_worker._private_jobs");
        return Number(rows.rows[0].left);
      });
      const value = jobs / (seconds() - start);
      await runner.stop();
      return value;
    }),
  enqueue: (_, limit) => withUtils((utils) => oneByOne(() => utils.addJob("noop", { n: 1 }), limit)),
  bulk: (_, jobs) =>
    withUtils(async (utils) => {
      await fill(utils, 5000);
      const start = seconds();
      await fill(utils, jobs);
      return jobs / (seconds() - start);
    }),
  pickup: (setting, count) =>
    withUtils(async (utils) => {
      let current = signal();
      await worker(setting, async () => current.raise(seconds()));
      return pickUp(
        () => utils.addJob("noop", {}),
        () => {
          current = signal();
          return current.raised;
        },
        count,
      );
    }),
});
