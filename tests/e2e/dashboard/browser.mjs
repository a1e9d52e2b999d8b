// What the journeys share: the browser, people who sign in, and looking at a page with axe.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where everything is, from the environment that the C++ test sets. */
export const world = {
  url: process.env.DASHBOARD_URL,
  token: process.env.HATCHERY_TOKEN,
  telegram: process.env.TELEGRAM_API_URL,
  cloud: process.env.HETZNER_API_URL,
  model: process.env.SANDBOX_MODEL_URL,
  out: process.env.SCREENSHOT_DIR,
  adminEmail: process.env.ADMIN_EMAIL,
};

/** Longer than anything takes on a busy machine; it bounds a failure only. */
export const patience = 120_000;

export function check(holds, sentence) {
  if (!holds) throw new Error(`it does not hold that ${sentence}`);
}

/**
 * Waits until the predicate holds in the page, where it is run with the argument: now, and again after
 * every change of the document.
 */
export async function until(page, sentence, predicate, argument) {
  // A function's handle needs no eval in the page, which the page's own policy forbids.
  const probe = await page.evaluateHandle(`() => (${predicate})`);
  const outcome = page.evaluate(
    ([holds, given, limit]) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!holds(given)) return;
          observer.disconnect();
          clearTimeout(deadline);
          resolve();
        };
        const observer = new MutationObserver(look);
        const deadline = setTimeout(() => {
          observer.disconnect();
          reject(new Error("it took too long"));
        }, limit);
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        look();
      }),
    [probe, argument, patience],
  );
  await outcome.catch((error) => {
    throw new Error(`it did not come about that ${sentence}: ${error.message}`);
  });
}

/** Waits until the log view holds at least, and at most, so many lines. */
export function logHolds(page, sentence, { least = 0, most = Infinity }) {
  const holds = (wanted) => {
    const lines = Number(document.querySelector(".log-box")?.dataset.lines ?? Number.NaN);
    return lines >= wanted.least && lines <= wanted.most;
  };
  return until(page, sentence, holds, { least, most });
}

/** Runs in the page: scrolls and takes the time of every frame. */
const scroll = async ({ selector, from, by, jumps }) => {
  const element = document.querySelector(selector);
  const taken = [];
  element.scrollTop = from;
  let last = performance.now();
  for (let i = 0; i < 240; ++i) {
    element.scrollTop += jumps && i % 40 === 39 ? element.scrollHeight / 8 : by;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    taken.push(now - last);
    last = now;
  }
  return taken.sort((a, b) => a - b);
};

/** Scrolls 240 times; how long the slowest of 95 % of the frames took, in milliseconds. */
export async function smooth(page, sentence, movement) {
  const taken = await page.evaluate(scroll, movement);
  const p95 = taken[Math.floor(taken.length * 0.95)];
  console.log(`frames while ${sentence}: median ${taken[120].toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
  check(p95 < 100, `${sentence} does not stutter (95 % of frames within ${p95.toFixed(1)} ms)`);
  return Math.round(p95 * 10) / 10;
}

/** Fills in the form of a new bot, with the sandbox's model. */
export async function fillInBot(page, token) {
  await page.getByLabel("Telegram bot token").fill(token);
  await page.getByText("This is ").waitFor();
  await page.getByLabel("Another model").check();
  await page.getByLabel("Model", { exact: true }).fill("sandbox/sandbox-1");
  await page.getByLabel("API key").fill("sandbox-key");
  await page.getByLabel("Address of the API").fill(world.model);
}

export async function pressDeploy(page) {
  await page.getByRole("button", { name: "Deploy" }).click();
  await page.waitForURL(/\/bots\/[0-9a-f-]{36}$/);
}

/** Prints what was measured, and writes it where FIGURES says. */
export function noteFigures(figures) {
  console.log(JSON.stringify(figures));
  if (process.env.FIGURES) writeFileSync(process.env.FIGURES, JSON.stringify(figures));
}

/** The API as a program of the operator calls it. */
export async function api(method, path, body) {
  const response = await fetch(world.url + path, {
    method,
    headers: { Authorization: `Bearer ${world.token}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json().catch(() => null) };
}

export async function sandbox(path, body) {
  const response = await fetch(world.cloud + path, {
    method: body ? "PUT" : "GET",
    headers: { Authorization: "Bearer e2e-project", "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** A fresh token of a Telegram bot that nobody has. */
export function newToken() {
  const id = 1_000_000_000 + Math.floor(Math.random() * 8_000_000_000);
  const letters = Array.from({ length: 35 }, () => "abcdefghijkmnpqrstuvwxyzABCDEFGH23456789"[Math.floor(Math.random() * 40)]);
  return `${id}:${letters.join("")}`;
}

export async function openBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // In a container the browser's own sandbox cannot be had, and root may not use it.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  mkdirSync(world.out, { recursive: true });
  return browser;
}

/** A person with a browser of their own. What its page logs as an error fails the journey. */
export async function person(browser, email, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`threw: ${error.message}`));
  page.on("console", (message) => {
    // A failed request is told by the page itself; what is left are broken policies and bugs.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(`logged: ${message.text()}`);
    }
  });
  await page.goto(world.url);
  await page.getByRole("link", { name: "Sign in with Google" }).click();
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return { page, context, complaints, email };
}

/** No serious violation of WCAG 2.2 AA on the page as it is. */
export async function accessible(page, name) {
  // Evaluated by the debugger's protocol, which the page's own policy does not concern.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  const serious = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  for (const one of serious) {
    console.error(`axe on ${name}: ${one.id}: ${one.help}`);
    for (const node of one.nodes.slice(0, 5)) console.error(`  ${node.target.join(" ")}: ${node.failureSummary}`);
  }
  check(serious.length === 0, `${name} has no serious violation of accessibility`);
}

export async function picture(page, name) {
  await page.screenshot({ path: join(world.out, `${name}.png`) });
}

/** The page in light and dark, wide and on a phone: a picture of each, and no violation in any. */
export async function lookAt(page, name) {
  const size = page.viewportSize();
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `${name}, ${scheme}`);
    await picture(page, `${name}-${scheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 844 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  check(width <= 390, `${name} fits a phone's width (it is ${width} wide)`);
  await accessible(page, `${name}, phone`);
  await picture(page, `${name}-phone`);
  await page.setViewportSize(size);
}
