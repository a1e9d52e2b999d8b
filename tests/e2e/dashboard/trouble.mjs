// What goes wrong: a deploy fails and says why, another is cancelled, a neighbour is kept out, and an
// operator finds a line across bots.
import {
  accessible,
  api,
  check,
  fillInBot,
  lookAt,
  newToken,
  openBrowser,
  person,
  picture,
  pressDeploy,
  sandbox,
  until,
  world,
} from "./browser.mjs";

const browser = await openBrowser();
const owner = await person(browser, "owner@example.org");
const { page } = owner;
const status = (word) => page.locator(".bot-head .badge", { hasText: word }).waitFor();

async function deployThatFails() {
  await sandbox("/sandbox/faults", { quotaServers: 0 });
  await page.getByRole("link", { name: "Deploy a bot" }).click();
  await fillInBot(page, newToken());
  await pressDeploy(page);
  await status("failed");
  const notice = page.locator(".failure");
  const cause = await notice.innerText();
  check(/[a-z].*\./i.test(cause), `the failure has a sentence: ${cause}`);
  await page.locator(".line.error").first().waitFor();
  await lookAt(page, "bot-failed");
  console.log(`the failure reads: ${cause.replaceAll("\n", " ")}`);
}

async function cancelTheNext() {
  await sandbox("/sandbox/faults", { stuckInitializing: 1 });
  await page.locator(".failure").getByRole("button", { name: "Deploy again" }).click();
  await page.getByText("created server").last().waitFor();
  await page.getByRole("button", { name: /^Cancel/ }).click();
  await status("stopped");
  await page.getByText("Cleaning up").waitFor();
  await accessible(page, "a cancelled deploy");
  await picture(page, "bot-cancelled-light");
  const { servers } = await sandbox("/servers");
  check(servers.length === 0, "a cancelled deploy leaves no server");
  await sandbox("/sandbox/faults", {});
}

/** A bot that was made and may not be deployed: its page says why. */
async function refusedDeploy() {
  const { page: at, context } = await person(browser, "refused@example.org");
  const refusal = { status: 403, code: "quota_exceeded", detail: "Your plan allows no more bots.", nextAction: "Delete a bot." };
  await at.route("**/api/deploy", (route) =>
    route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify(refusal) }),
  );
  await at.goto(`${world.url}/new`);
  await fillInBot(at, newToken());
  await pressDeploy(at);
  await at.getByRole("alert").filter({ hasText: "Your plan allows no more bots. Delete a bot." }).waitFor();
  await at.locator(".bot-head .badge", { hasText: "not deployed" }).waitFor();
  await context.close();
}

async function neighbour(url) {
  const other = await person(browser, "neighbour@example.org");
  await other.page.goto(url);
  await other.page.getByText("There is no such bot.").waitFor();
  await accessible(other.page, "somebody else's page");
  await other.page.goto(`${world.url}/admin/logs`);
  await other.page.getByText("There is no such page").waitFor();
  check((await other.page.getByRole("link", { name: "Admin" }).count()) === 0, "a customer sees no way to admin");
  await other.context.close();
}

async function operator(botId) {
  const admin = await person(browser, world.adminEmail);
  const at = admin.page;
  await at.goto(`${world.url}/admin`);
  await at.getByRole("list", { name: "Bots" }).getByRole("link").first().waitFor();
  await lookAt(at, "admin-fleet");
  await at.getByRole("link", { name: "Log search" }).click();
  await at.getByLabel("Text in a line of any bot").fill("created server");
  await at.getByRole("button", { name: "Search" }).click();
  const found = at.locator("tr", { hasText: "created server" }).first();
  await found.waitFor();
  await lookAt(at, "admin-logs");
  for (const [name, title] of [
    ["Under way", "operations"],
    ["Queue and workers", "pool"],
    ["Servers", "servers"],
    ["Costs", "costs"],
    ["Audit", "audit"],
  ]) {
    await at.getByRole("link", { name, exact: true }).click();
    await at.getByRole("heading", { level: 1 }).waitFor();
    await until(at, `the part ${title} has loaded`, () => !document.querySelector(".loading"));
    await lookAt(at, `admin-${title}`);
  }
  await at.goto(`${world.url}/admin/logs`);
  await at.getByLabel("Text in a line of any bot").fill("created server");
  await at.keyboard.press("Enter");
  await at.locator("tr", { hasText: "created server" }).getByRole("link").first().click();
  await at.waitForURL(`**/bots/${botId}`);
  check(admin.complaints.length === 0, `admin's page has nothing to complain about: ${admin.complaints.join("; ")}`);
}

await deployThatFails();
await cancelTheNext();
const url = page.url();
await refusedDeploy();
await neighbour(url);
await operator(url.split("/").pop());
check((await api("GET", "/api/admin/operations")).body.items.length === 0, "nothing is left under way");
check(owner.complaints.length === 0, `the page has nothing to complain about: ${owner.complaints.join("; ")}`);
await browser.close();
