// A bot with 100,000 lines: the latest come first, all are searched within seconds, any place is a
// scroll away, and scrolling does not stutter.
import { check, logHolds, lookAt, noteFigures, openBrowser, person, picture, smooth, world } from "./browser.mjs";

// As long_log.sql makes them.
const lines = 100_000;
const bot = "019a0000-0000-7000-8000-00000000c4a7";
const browser = await openBrowser();
const { page, complaints } = await person(browser, "chatty@example.org");
const box = page.locator(".log-box");
const movement = { selector: ".log-box", from: 0, by: 300, jumps: true };
const held = async () => Number(await box.getAttribute("data-held"));

await page.goto(`${world.url}/bots/${bot}`);
const begun = Date.now();
await page.getByText(`line ${lines} `).first().waitFor();
console.log(`the latest line is there after ${Date.now() - begun} ms`);
check((await held()) < lines, "the page begins with the latest lines");
await logHolds(page, "every line has its row", { least: lines, most: lines });

// One line in a thousand, of which the first is the very first line.
const asked = Date.now();
await page.getByLabel("Search the log").fill("Needle");
await logHolds(page, "the search has looked at every line", { least: lines / 1000, most: lines / 1000 });
await page.getByText(`100 lines of ${lines.toLocaleString("en-GB")} fit`).waitFor();
const searched = Date.now() - asked;
console.log(`all lines were searched after ${searched} ms`);
check(searched < 5_000, `a search through all lines is quick (${searched} ms)`);
await box.evaluate((element) => element.scrollTo({ top: 0 }));
await page.locator('.line[data-seq="1001"]').click();
await picture(page, "log-search");
await page.getByRole("button", { name: "Show the lines around it" }).click();
await page.locator('.line[data-seq="1000"]').waitFor();

await box.evaluate((element) => element.scrollTo({ top: element.scrollHeight / 2 }));
await page.locator(`.line[data-seq="${lines / 2}"]`).waitFor();
await smooth(page, "scrolling over lines that are fetched", movement);
check((await page.locator(".line").count()) < 200, "few rows are drawn");
// Every line is fetched once, and kept.
await page.evaluate(async () => {
  const element = document.querySelector(".log-box");
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let top = 0; top < element.scrollHeight; top += 200 * 22) {
    element.scrollTop = top;
    do await frame();
    while (element.querySelector(".hole"));
  }
});
check((await held()) === lines, "the page holds every line");
const p95 = await smooth(page, "scrolling over lines that are here", movement);
await page.getByRole("button", { name: "Follow" }).click();
await lookAt(page, "long-log");
check(complaints.length === 0, `the page has nothing to complain about: ${complaints.join("; ")}`);
noteFigures({ "ui.long_log_search_ms": searched, "ui.long_log_frame_p95_ms": p95 });
await browser.close();
