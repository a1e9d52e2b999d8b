// What the peers share: reading the command line, timing, and the one line of JSON at the end.
//
//   node <peer>.mjs SETTING drain JOBS          no-op jobs until none is left
//   node <peer>.mjs SETTING enqueue SECONDS     one by one, one after the other
//   node <peer>.mjs SETTING bulk JOBS           in thousands
//   node <peer>.mjs SETTING pickup JOBS         from the call that adds a job to its first line
//
// SETTING is default or fast. The database is in DATABASE_URL. Prints {"value": …} per second, or
// {"p50": …, "p99": …} in milliseconds.

export const seconds = () => Number(process.hrtime.bigint()) / 1e9;
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** A promise that its owner settles. */
export function signal() {
  let raise;
  const raised = new Promise((resolve) => { raise = resolve; });
  return { raise, raised };
}

/** Calls `add` for this long, one call after the other; answers calls per second. */
export async function oneByOne(add, limit) {
  for (let i = 0; i < 200; i++) await add();
  const start = seconds();
  let count = 0;
  while (seconds() - start < limit) {
    await add();
    count++;
  }
  return count / (seconds() - start);
}

/**
 * Adds jobs one at a time to an idle worker; `next` is settled by the handler. The pauses between
 * them are random up to `spread`, which is no less than what the worker polls by.
 */
export async function pickUp(add, next, count, spread = 10) {
  const times = [];
  const warmUp = spread > 10 ? 1 : 20;
  for (let i = 0; i < count + warmUp; i++) {
    await pause(5 + Math.random() * spread);
    const begun = next();
    const start = seconds();
    const added = add();
    const at = await begun;
    await added;
    if (i >= warmUp) times.push((at - start) * 1000);
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** Waits until `left()` answers 0; asks often, as its time is part of the measurement. */
export async function untilNone(left) {
  while ((await left()) > 0) await pause(2);
}

export async function main(measures) {
  const [setting, what, amount] = process.argv.slice(2);
  if (!["default", "fast"].includes(setting) || !measures[what]) {
    console.error("usage: <peer>.mjs default|fast drain|enqueue|bulk|pickup AMOUNT");
    process.exit(2);
  }
  try {
    const answer = await measures[what](setting, Number(amount));
    console.log(JSON.stringify(typeof answer === "number" ? { value: answer } : answer));
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
