import assert from "node:assert/strict";
import test from "node:test";
import { fits, LogBuffer, pageSize } from "../../../dashboard/src/lib/log_buffer.ts";

const line = (seq, message = `line ${seq}`, level = "info") => ({ seq, message, level, type: "log" });
const run = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i));
const rows = (buffer) => Array.from({ length: buffer.rows }, (_, i) => buffer.row(i)?.seq);

test("lines that come twice are kept once, in order", () => {
  const buffer = new LogBuffer();
  buffer.append(run(1, 5));
  buffer.append(run(3, 8));
  assert.deepEqual(rows(buffer), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(buffer.last, 8);
});

test("a log that begins earlier has a row for every line, here or not", () => {
  const buffer = new LogBuffer();
  buffer.append(run(901, 1000));
  assert.equal(buffer.rows, 100);
  buffer.beginsAt(1);
  assert.equal(buffer.rows, 1000);
  assert.equal(buffer.held, 100);
  assert.equal(buffer.row(0), undefined);
  assert.equal(buffer.row(buffer.rowOf(950)).seq, 950);
});

test("rows in view ask for whole pages, and for nothing that is here", () => {
  const buffer = new LogBuffer();
  buffer.append(run(901, 1000));
  buffer.beginsAt(1);
  assert.deepEqual(buffer.missing(900, 1000), []);
  assert.deepEqual(buffer.missing(190, 210), [
    { after: 0, limit: pageSize },
    { after: 200, limit: pageSize },
  ]);
  buffer.fill({ after: 0, limit: pageSize }, run(1, 200));
  assert.deepEqual(buffer.missing(190, 210), [{ after: 200, limit: pageSize }]);
});

test("pages in any order leave no gap", () => {
  const buffer = new LogBuffer();
  buffer.append(run(1001, 1010));
  buffer.beginsAt(1);
  for (const after of [600, 0, 800, 200, 400]) {
    buffer.append(run(buffer.last + 1, buffer.last + 3));
    buffer.fill({ after, limit: pageSize }, run(after + 1, after + pageSize));
  }
  assert.equal(buffer.rows, 1025);
  assert.deepEqual(buffer.missing(0, buffer.rows), []);
  assert.deepEqual(rows(buffer), run(1, 1025).map((one) => one.seq));
});

test("what the server no longer keeps is not asked for again", () => {
  const buffer = new LogBuffer();
  buffer.append(run(801, 900));
  buffer.beginsAt(1);
  // Pruned since it was said where the log begins: the first lines, and some between.
  buffer.fill({ after: 0, limit: pageSize }, run(151, 200));
  assert.equal(buffer.seqOf(0), 151);
  buffer.fill({ after: 400, limit: pageSize }, [...run(401, 500), ...run(511, 600)]);
  assert.equal(buffer.row(buffer.rowOf(505)), null);
  assert.deepEqual(buffer.missing(buffer.rowOf(401), buffer.rowOf(601)), []);
});

test("a filter shows at once what is here, and asks the server for what is earlier", () => {
  const buffer = new LogBuffer();
  buffer.append(run(901, 1000));
  buffer.beginsAt(1);
  buffer.setFilter({ text: " LINE 99 ", level: "debug" });
  assert.deepEqual(rows(buffer), [990, 991, 992, 993, 994, 995, 996, 997, 998, 999].filter((n) => `${n}`.startsWith("99")));
  assert.equal(buffer.searchBefore, 901);
  buffer.addMatches([line(99), line(599, "line 99, again")], 99);
  assert.deepEqual(rows(buffer).slice(0, 3), [99, 599, 990]);
  assert.equal(buffer.searchBefore, 99);
  buffer.addMatches([], null);
  assert.equal(buffer.searchBefore, null);
});

test("lines that come under a filter are shown if they fit, and all are there without it", () => {
  const buffer = new LogBuffer();
  buffer.append(run(1, 3));
  buffer.setFilter({ text: "", level: "error" });
  assert.equal(buffer.searchBefore, null);
  buffer.append([line(4, "bad", "error"), line(5)]);
  assert.deepEqual(rows(buffer), [4]);
  buffer.setFilter({ text: "", level: "debug" });
  assert.deepEqual(rows(buffer), [1, 2, 3, 4, 5]);
});

test("a search goes below the lines that are here without a gap, not below a page in the middle", () => {
  const buffer = new LogBuffer();
  buffer.append(run(901, 1000));
  buffer.beginsAt(1);
  buffer.fill({ after: 200, limit: pageSize }, run(201, 400));
  buffer.setFilter({ text: "line", level: "debug" });
  assert.equal(buffer.searchBefore, 901);
  assert.equal(buffer.rows, 100);
});

test("100,000 lines are taken in and filtered within a second", () => {
  const buffer = new LogBuffer();
  const begun = performance.now();
  for (let from = 1; from <= 100_000; from += 100) buffer.append(run(from, from + 99));
  buffer.setFilter({ text: "line 77", level: "debug" });
  assert.equal(buffer.rows, 1111);
  assert.ok(performance.now() - begun < 1000, "it took too long");
});

test("a filter looks at the level and at text of any case", () => {
  const filter = (text, level) => ({ text, level });
  assert.ok(fits(line(1, "Hello World"), filter("world", "debug")));
  assert.ok(!fits(line(1, "Hello World", "info"), filter("world", "warning")));
  assert.ok(fits(line(1, "x", "error"), filter("", "warning")));
});
