// How long a line takes from its printing on the server to the screen, over whole deploys: the
// scripts' logs on the server say when it was printed, and the page notes when it shows it. The
// sandbox's hosts have this machine's clock.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, fillInBot, newToken, noteFigures, openBrowser, person, pressDeploy, sandbox, world } from "./browser.mjs";

const rounds = Number(process.env.ROUNDS ?? 1);

/** When each line was printed, by the logs that the scripts keep on the server; as seen from here. */
async function printedLines() {
  const printed = new Map();
  const { hosts } = await sandbox("/sandbox/hosts");
  for (const { upperDir } of hosts) {
    const runs = join(upperDir, "var/lib/hatchery/runs");
    for (const run of readdirSync(runs)) {
      for (const line of readFileSync(join(runs, run, "log"), "utf8").split("\n")) {
        const parts = /^[A-Z] (\d+\.\d+) (.*)$/.exec(line);
        // The same words may be printed again by a later run: the first time counts.
        if (parts && !printed.has(parts[2])) printed.set(parts[2], Number(parts[1]) * 1000);
      }
    }
  }
  return printed;
}

async function deploy(page) {
  await page.goto(`${world.url}/new`);
  await fillInBot(page, newToken());
  await pressDeploy(page);
}

/** In the page: when each message was first painted. */
const noteLines = () => {
  globalThis.shown = new Map();
  const look = () => {
    for (const element of document.querySelectorAll(".line .message")) {
      if (!globalThis.shown.has(element.textContent)) globalThis.shown.set(element.textContent, Date.now());
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

async function round(browser) {
  const { page, context } = await person(browser, "latency@example.org");
  await page.addInitScript(noteLines);
  await deploy(page);
  await page.locator(".bot-head .badge", { hasText: "active" }).waitFor();
  const shown = new Map(await page.evaluate(() => [...globalThis.shown]));
  const delays = [];
  for (const [line, at] of await printedLines()) {
    const seen = shown.get(line);
    if (seen !== undefined) delays.push(Math.max(0, Math.round(seen - at)));
  }
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("The bot is deleted.").waitFor();
  await context.close();
  return delays;
}

/** What a first visit loads, compressed, and when something is painted. */
async function firstVisit(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  let bytes = 0;
  devtools.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await page.goto(world.url);
  await page.getByRole("link", { name: "Sign in with Google" }).waitFor();
  const paint = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const seen = (list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => resolve(entry.startTime));
        new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
      }),
  );
  await context.close();
  return { bytes, paint };
}

const browser = await openBrowser();
const { bytes, paint } = await firstVisit(browser);
const delays = [];
for (let i = 0; i < rounds; ++i) delays.push(...(await round(browser)));
await browser.close();
delays.sort((a, b) => a - b);
check(delays.length >= 8, `enough lines were seen on both sides (${delays.length})`);
const p95 = delays[Math.min(delays.length - 1, Math.floor(delays.length * 0.95))];
console.log(`${delays.length} lines were seen`);
noteFigures({
  "ui.log_line_p95_ms": p95,
  "ui.log_line_median_ms": delays[Math.floor(delays.length / 2)],
  "ui.page_kb": Math.round(bytes / 100) / 10,
  "ui.first_paint_ms": Math.round(paint),
});
