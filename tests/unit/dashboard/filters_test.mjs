import assert from "node:assert/strict";
import test from "node:test";
import { byAge, byValue, passing, spread } from "../../../dashboard/src/lib/filters.ts";
import { changeInWords } from "../../../dashboard/src/lib/subscription.ts";

const now = Date.parse("2027-03-01T12:00:00Z");
const bots = [
  { name: "Ada's helper", state: "active", region: "fsn1", at: "2027-03-01T01:00:00Z" },
  { name: "Bob's helper", state: "failed", region: null, at: "2027-02-25T12:00:00Z" },
  { name: "Old bot", state: "active", region: "hel1", at: "2026-12-01T12:00:00Z" },
];
const filters = [byValue("state", "State", (bot) => bot.state), byValue("region", "Region", (bot) => bot.region), byAge((bot) => bot.at)];
const names = (picked, text = "") =>
  passing(bots, { filters, picked, text, said: (bot) => bot.name, now }).map((bot) => bot.name);

test("the choices are the values that there are, each once, in order", () => {
  assert.deepEqual(filters[0].choices(bots).map((one) => one.name), ["active", "failed"]);
  assert.deepEqual(filters[1].choices(bots).map((one) => one.name), ["fsn1", "hel1"]);
});

test("what is picked narrows the list, and all of it together", () => {
  assert.deepEqual(names({}), bots.map((bot) => bot.name));
  assert.deepEqual(names({ state: "active" }), ["Ada's helper", "Old bot"]);
  assert.deepEqual(names({ state: "active", region: "hel1" }), ["Old bot"]);
  assert.deepEqual(names({ state: "" , unknown: "x" }), bots.map((bot) => bot.name));
});

test("an age is young or old", () => {
  assert.deepEqual(names({ age: "day" }), ["Ada's helper"]);
  assert.deepEqual(names({ age: "week" }), ["Ada's helper", "Bob's helper"]);
  assert.deepEqual(names({ age: "month" }), ["Old bot"]);
});

test("every word of the text is somewhere, whatever its case and order", () => {
  assert.deepEqual(names({}, "HELPER bob"), ["Bob's helper"]);
  assert.deepEqual(names({}, "helper old"), []);
  assert.deepEqual(names({}, "  "), bots.map((bot) => bot.name));
});

test("a change of a subscription is said in a sentence before it is made", () => {
  const account = { email: "ada@example.org", subscription: { plan: "starter" } };
  const words = (change) => changeInWords(account, { plan: "pro", status: "active", periodEnd: null, ...change });
  assert.equal(words({}), "ada@example.org gets the plan pro instead of starter, paid without an end.");
  assert.match(words({ plan: "starter", periodEnd: "2999-01-31T00:00:00Z" }), /keeps the plan starter, paid until .*2999\.$/);
  assert.match(words({ status: "cancelled", periodEnd: "2999-01-31T00:00:00Z" }), /and then it ends and the bots stop\.$/);
  assert.match(words({ periodEnd: "2001-01-31T00:00:00Z" }), /has not been paid since .*2001/);
});

test("times are spread over the parts of a span, its ends included", () => {
  assert.deepEqual(spread([0, 1, 24, 25, 99, 100], 0, 100, 4), [3, 1, 0, 2]);
  assert.deepEqual(spread([-1, 101], 0, 100, 4), [0, 0, 0, 0]);
});
