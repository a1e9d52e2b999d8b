// A bot with 100,000 lines: the latest come first, all can be searched, and scrolling does not stutter.
import { check, logHolds, lookAt, openBrowser, person, world } from "./browser.mjs";

const lines = Number(process.env.LINES);
const browser = await openBrowser();
const { page, complaints } = await person(browser, "owner@example.com");
const box = page.locator(".log-box");
const lineCount = async () => Number(await box.getAttribute("data-lines"));

await page.goto(`${world.url}/bots/${process.env.BOT_ID}`);
const begun = Date.now();
await page.getByText(`line ${lines} `).first().waitFor();
console.log(`the latest line is there after ${Date.now() - begun} ms`);
check((await lineCount()) < lines, "the page begins with the latest lines");

// One line in a thousand, of which the first is the very first line.
await page.getByLabel("Search the log").fill("needle");
await logHolds(page, "the search has looked at every line", { least: lines / 1000, most: lines / 1000 });
console.log(`all lines were searched after ${Date.now() - begun} ms`);
await page.getByLabel("Search the log").fill("");
await logHolds(page, "all lines are here", { least: lines });

const frames = await page.evaluate(async () => {
  const element = document.querySelector(".log-box");
  const taken = [];
  let last = performance.now();
  element.scrollTop = 0;
  for (let i = 0; i < 240; ++i) {
    element.scrollTop += i % 40 === 39 ? element.scrollHeight / 8 : 300;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    taken.push(now - last);
    last = now;
  }
  return { taken: taken.sort((a, b) => a - b), rows: document.querySelectorAll(".line").length };
});
const p95 = frames.taken[Math.floor(frames.taken.length * 0.95)];
console.log(`frames while scrolling: median ${frames.taken[120].toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
check(frames.rows < 200, `few rows are drawn (${frames.rows})`);
check(p95 < 100, `scrolling does not stutter (95 % of frames within ${p95.toFixed(1)} ms)`);
await lookAt(page, "long-log");
check(complaints.length === 0, `the page has nothing to complain about: ${complaints.join("; ")}`);
await browser.close();
