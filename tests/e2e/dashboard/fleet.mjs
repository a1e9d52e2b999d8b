// An operator with 1,000 bots: they scroll smoothly and can be narrowed, a user's subscription is
// changed after a second look, and a token for a program is made, used and revoked.
import { check, lookAt, noteFigures, openBrowser, person, picture, smooth, until, world } from "./browser.mjs";

// As fleet.sql makes them.
const bots = 1_000;
const browser = await openBrowser();
const { page, complaints } = await person(browser, world.adminEmail);
const shown = (text) => page.locator(".filters [role=status]", { hasText: text }).waitFor();

async function fleet() {
  const begun = Date.now();
  await page.goto(`${world.url}/admin`);
  await shown(`${bots.toLocaleString("en-GB")} bots`);
  console.log(`${bots} bots are there after ${Date.now() - begun} ms`);
  const frame = await smooth(page, `scrolling over ${bots} bots`, { selector: ".virtual", from: 0, by: 180, jumps: true });
  check((await page.locator(".list-row").count()) < 100, "few rows are drawn");
  await page.getByLabel("Region").selectOption("nbg1");
  await page.getByLabel("State").selectOption("stopped");
  await shown(/^\d+ of 1,000 bots$/);
  await page.getByLabel("Find bots").fill("FLEET_4_bot 4");
  await shown(/^[1-9] of 1,000 bots$/);
  await page.reload();
  await shown(/^[1-9] of 1,000 bots$/);
  await lookAt(page, "fleet-filtered");
  return frame;
}

async function users() {
  await page.getByRole("link", { name: "Users" }).click();
  await shown(/^20\d users$/);
  await page.getByLabel("Find users").fill("customer42");
  await page.getByRole("button", { name: "customer42@example.org" }).click();
  const dialog = page.getByRole("dialog");
  await lookAt(page, "user");
  await dialog.getByRole("button", { name: "Change subscription" }).click();
  await dialog.getByLabel("Plan").selectOption("pro");
  await dialog.getByLabel("Paid until").fill("2099-01-31");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await dialog.getByText("customer42@example.org gets the plan pro").waitFor();
  await picture(page, "subscription-confirm");
  await dialog.getByRole("button", { name: "Yes, change it" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".list-row", { hasText: "customer42@" }).getByText("pro, active").waitFor();
  await page.getByLabel("Find users").fill("");
  await lookAt(page, "admin-users");
  await page.getByRole("link", { name: "Audit" }).click();
  await page.locator("td", { hasText: "subscription" }).first().waitFor();
  await page.getByLabel("What was done").selectOption("POST /api/deploy");
  await page.getByText("Nothing fits").waitFor();
}

async function token() {
  await page.getByRole("link", { name: "Account" }).click();
  // In the benchmark the operator has one already: that of the program.
  await until(page, "the tokens are there", () => !document.querySelector(".loading"));
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Backup script");
  await dialog.getByLabel("bots:write").check();
  await dialog.getByLabel("Expires in").selectOption("7");
  await lookAt(page, "new-token");
  await dialog.getByRole("button", { name: "Create" }).click();
  const secret = await dialog.getByLabel("The new token").inputValue();
  check(secret.startsWith("hat_"), "a token is shown");
  const asked = () => fetch(`${world.url}/api/bots`, { headers: { Authorization: `Bearer ${secret}` } });
  check((await asked()).status === 200, "the token works");
  await picture(page, "token-made");
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("list", { name: "API tokens" }).locator("li", { hasText: "Backup script" });
  await row.getByText("bots:read bots:write").waitFor();
  check(!(await page.content()).includes(secret), "the token is shown once");
  await lookAt(page, "account");
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await row.getByText("revoked").waitFor();
  check((await asked()).status === 401, "a revoked token is refused");
}

const frame = await fleet();
await users();
await token();
await until(page, "nothing is left open", () => !document.querySelector("dialog"));
check(complaints.length === 0, `the page has nothing to complain about: ${complaints.join("; ")}`);
noteFigures({ "ui.fleet_frame_p95_ms": frame });
await browser.close();
