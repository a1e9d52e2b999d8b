import assert from "node:assert/strict";
import test from "node:test";
import {
  about,
  ago,
  count,
  duration,
  inProgress,
  inWords,
  lastMonths,
  leftOut,
  marked,
  money,
  moneys,
  monthName,
  sums,
} from "../../../dashboard/src/lib/format.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

test("durations are short and have their units", () => {
  const cases = [
    [-5, "0.0 s"],
    [0, "0.0 s"],
    [4_260, "4.2 s"],
    [9_999, "9.9 s"],
    [10_000, "10 s"],
    [59_999, "59 s"],
    [minute + 5 * second, "1 min 05 s"],
    [hour, "1 h 00 min"],
    [3 * hour + 12 * minute + 59 * second, "3 h 12 min"],
    [124 * hour, "5 d 4 h"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text);
});

test("an age tells its largest unit only", () => {
  const now = Date.parse("2027-03-01T12:00:00Z");
  assert.equal(ago("2027-03-01T11:59:58Z", now), "just now");
  assert.equal(ago("2027-03-01T11:59:30Z", now), "30 s ago");
  assert.equal(ago("2027-03-01T11:55:30Z", now), "4 min ago");
  assert.equal(ago("2027-02-27T12:00:00Z", now), "2 d ago");
});

test("an estimate is no more exact than it can be", () => {
  assert.equal(about(1), "about 5 seconds");
  assert.equal(about(41), "about 45 seconds");
  assert.equal(about(91), "about 2 minutes");
});

test("money has its currency, and small prices their digits", () => {
  const plain = (price) => money(price).replaceAll("\u00a0", " ");
  assert.match(plain({ amount: "4.35", currency: "EUR" }), /4[.,]35/);
  assert.match(plain({ amount: "0.0067", currency: "EUR" }), /0[.,]0067/);
  assert.match(plain({ amount: "1234.5", currency: "USD" }), /1[.,]?234[.,]50/);
  assert.equal(plain({ amount: "many", currency: "EUR" }), "many EUR");
  assert.equal(plain({ amount: "1", currency: "no currency" }), "1 no currency");
  assert.equal(money(null), "–");
});

test("words of the API are put for people, unknown ones too", () => {
  assert.equal(inWords("provision_server"), "Create the server");
  assert.equal(inWords("something_new"), "Something new");
  assert.equal(inProgress("destroy"), "Deleting");
});

test("things are counted in the singular and the plural", () => {
  assert.equal(count(1, "bot"), "1 bot");
  assert.equal(count(0, "bot"), "0 bots");
  assert.equal(count(2, "match", "matches"), "2 matches");
});

test("what is looked for is marked wherever it stands, in its own letters", () => {
  assert.deepEqual(marked("Ab xab", " AB "), [
    { text: "Ab", hit: true },
    { text: " x", hit: false },
    { text: "ab", hit: true },
  ]);
  assert.deepEqual(marked("text", ""), [{ text: "text", hit: false }]);
  // Some letters are longer in lower case, so places would be wrong.
  assert.deepEqual(marked("İstanbul bul", "bul"), [{ text: "İstanbul bul", hit: false }]);
});

test("the last months are those of UTC, the one that has begun first", () => {
  const months = lastMonths(new Date("2026-01-31T23:30:00-03:00"));
  assert.deepEqual(months.slice(0, 3), ["2026-02", "2026-01", "2025-12"]);
  assert.equal(months.length, 12);
  assert.equal(monthName("2025-12"), "December 2025");
});

test("prices are summed by currency and never converted", () => {
  const euro = (amount) => ({ amount, currency: "EUR" });
  const prices = [euro("3.49"), { amount: "12", currency: "USD" }, null, euro("0.51")];
  assert.equal(sums(prices), moneys([euro("4"), { amount: "12", currency: "USD" }]));
  assert.match(sums(prices), /4\.00 and .*12\.00/);
  assert.equal(sums([null]), "nothing");
});

test("a sum says what it leaves out", () => {
  assert.equal(leftOut(0), "");
  assert.equal(leftOut(1), "; of 1 server the price is not known");
  assert.equal(leftOut(2), "; of 2 servers the price is not known");
});
