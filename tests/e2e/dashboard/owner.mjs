// A newcomer with a token in hand: signs in, deploys, watches, reloads in the middle, stops, starts,
// and deletes.
import {
  accessible,
  check,
  fillInBot,
  logHolds,
  lookAt,
  newToken,
  openBrowser,
  patience,
  person,
  picture,
  pressDeploy,
  until,
  world,
} from "./browser.mjs";

const browser = await openBrowser();
const { page, complaints } = await person(browser, "owner@example.org");
const token = newToken();
const status = (word) => page.locator(".bot-head .badge", { hasText: word }).waitFor();
const box = page.locator(".log-box");

/** The lines that the log view holds, by its own count. */
const lineCount = async () => Number(await box.getAttribute("data-lines"));

async function signInPage() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB" });
  const other = await context.newPage();
  await other.goto(`${world.url}/bots/019a0000-0000-7000-8000-000000000000`);
  await other.getByRole("link", { name: "Sign in with Google" }).waitFor();
  await lookAt(other, "sign-in");
  await context.close();
}

/**
 * From opening the page to the button Deploy ready to be pressed, with a token and a model's key in
 * hand. What the page takes is measured; what a newcomer takes to see, decide and act is set to four
 * seconds a move, more than the keystroke-level model allows for a look, a grip and a paste.
 */
async function newcomer() {
  const secondsPerMove = 4;
  let moves = 0;
  const move = (action) => {
    ++moves;
    return action;
  };
  const begun = Date.now();
  await page.goto(world.url);
  await move(page.getByRole("link", { name: "Deploy a bot" }).click());
  await move(page.getByLabel("Telegram bot token").fill(newToken()));
  await move(page.getByRole("radio").first().check());
  await move(page.getByLabel("API key").fill("a-key-in-hand"));
  await page.getByText("This is ").waitFor();
  await until(page, "Deploy can be pressed", () => {
    const button = document.querySelector('button[type="submit"]');
    return button !== null && !button.disabled;
  });
  ++moves;
  const seconds = (Date.now() - begun) / 1000 + moves * secondsPerMove;
  console.log(`a newcomer presses Deploy after ${moves} moves and about ${seconds.toFixed(1)} s`);
  check(moves <= 5 && seconds < 30, `a newcomer deploys within 30 s (${moves} moves, ${seconds.toFixed(1)} s)`);
  await page.goto(world.url);
}

async function deploy() {
  await page.getByText("No bot yet").waitFor();
  await lookAt(page, "no-bots");
  await page.getByRole("link", { name: "Deploy a bot" }).click();
  const field = page.getByLabel("Telegram bot token");
  await field.fill("12345");
  await page.getByText("A token has a colon in it").waitFor();
  await field.fill("1234567890:revoked-AAAAAAAAAAAAAAAAAAAAAAAAAAA");
  await page.getByText(/Telegram does not know this token|This is /).waitFor();
  await lookAt(page, "deploy-token");
  // People paste the whole of BotFather's message.
  await fillInBot(page, `Done! Use this token to access the HTTP API:\n${token}\nKeep your token secure`);
  await page.getByLabel("Name here").fill("Kitchen helper");
  await lookAt(page, "deploy-ready");
  const button = page.getByRole("button", { name: "Deploy" });
  await button.scrollIntoViewIfNeeded();
  const besides = await page.locator(".deploy-row").innerText();
  check(/a month/.test(besides) && /Region/.test(besides) && /Ready in/.test(besides), `price, region and time stand beside the button: ${besides}`);
  await picture(page, "deploy-button-light");
  await pressDeploy(page);
}

/** Every line is there once, in order, by their numbers from one on. */
async function noGap() {
  const seen = await page.evaluate(async () => {
    const element = document.querySelector(".log-box");
    const numbers = new Set();
    for (let top = 0; top <= element.scrollHeight; top += element.clientHeight / 2) {
      element.scrollTop = top;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      for (const row of element.querySelectorAll(".line")) numbers.add(Number(row.dataset.seq));
    }
    return [...numbers].sort((a, b) => a - b);
  });
  check(
    seen.length > 0 && seen.every((number, index) => number === index + 1),
    `the log has no gap: it shows ${seen.length} lines up to ${seen[seen.length - 1]}`,
  );
  return seen.length;
}

async function watch() {
  await logHolds(page, "the log shows its first lines", { least: 6 });
  const before = await lineCount();
  await logHolds(page, "the log grows by itself", { least: before + 1 });
  await picture(page, "bot-deploying-light");
  await page.reload();
  await logHolds(page, "the log is there again and goes on", { least: before + 1 });
  await status("active");
  await until(page, "the whole story is there", () => {
    const { lines, held } = document.querySelector(".log-box").dataset;
    return lines === held;
  });
  await noGap();
  await page.getByText("so far this month").waitFor();
  for (const words of ["hatchery-fact", "deploy_openclaw", "start_bot"]) {
    check((await page.locator(".line", { hasText: words }).count()) === 0, `no line says ${words} to people`);
  }
  await page.getByRole("link", { name: "Open in Telegram" }).waitFor();
  await lookAt(page, "bot-active");
}

/** A bot that talks to nobody says what is left to do; its owner writes to it, appears, and is let in. */
async function letIn() {
  await page.getByText("One thing is left").waitFor();
  const person = 4711;
  const said = await fetch(`${world.telegram}/sandbox/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ botId: Number(token.split(":")[0]), chatId: person, userId: person, firstName: "Ada", text: "hello" }),
  });
  check(said.status === 201, `the sandbox takes a message (${said.status})`);
  await page.getByRole("listitem").filter({ hasText: "Ada" }).getByRole("button", { name: "Let in" }).waitFor();
  await lookAt(page, "bot-let-in");
  await page.getByRole("button", { name: "Let in" }).click();
  await page.getByText("Who of these may talk to it?").waitFor({ state: "detached" });
  await page.getByText("1 person").waitFor();
  await page.locator(".timeline", { hasText: "Change settings" }).getByText("succeeded").first().waitFor();
  await page.getByRole("button", { name: "Change who may talk to it" }).click();
  await page.getByRole("list", { name: "Those who may" }).getByText("Ada").waitFor();
  await lookAt(page, "who-may-talk");
  await page.keyboard.press("Escape");
}

async function searchAndPause() {
  const all = await lineCount();
  await page.keyboard.press("/");
  await page.keyboard.type("openclaw is");
  await logHolds(page, "a search leaves fewer lines", { least: 1, most: all - 1 });
  await page.keyboard.press("Escape");
  await logHolds(page, "all lines are back", { least: all });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Follow" }).click();
}

/** The account tells what the month has cost, bot by bot. */
async function costs() {
  const bot = page.url();
  await page.getByRole("link", { name: "Account" }).click();
  await page.getByRole("list", { name: "Costs of each bot" }).getByText("Kitchen helper").waitFor();
  await page.getByText("so far", { exact: true }).waitFor();
  await lookAt(page, "account-costs");
  await page.goto(bot);
  await status("active");
}

async function stopAndStart() {
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await status("stopped");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await status("active");
  await noGap();
}

async function remove() {
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("Goes for good").waitFor();
  await accessible(page, "the dialog of deletion");
  await picture(page, "delete-light");
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("The bot is deleted.").waitFor({ timeout: patience });
  await page.getByRole("link", { name: "To your bots" }).click();
  await page.getByText("No bot yet").waitFor();
}

await signInPage();
await newcomer();
await deploy();
await watch();
await letIn();
await searchAndPause();
await costs();
await stopAndStart();
await remove();
check(complaints.length === 0, `the page has nothing to complain about: ${complaints.join("; ")}`);
await browser.close();
