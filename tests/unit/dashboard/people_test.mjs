import assert from "node:assert/strict";
import test from "node:test";
import { changePeople, isUserNumber } from "../../../dashboard/src/lib/people.ts";

const problem = { code: "conflict", detail: "The bot's settings have changed meanwhile.", nextAction: "Use the new ETag." };

/** The API with a bot that talks to `ids` by now; takes a change with the status `put`. */
function api(ids, put) {
  const asked = [];
  globalThis.fetch = async (path, init) => {
    asked.push({ path, ...init });
    if (init.method === "GET") return Response.json({ allowedTelegramUserIds: ids }, { headers: { ETag: '"7"' } });
    return Response.json(put === 200 ? {} : problem, { status: put });
  };
  return asked;
}

test("a change is made to the list that the bot has by now, and names its tag", async () => {
  const asked = api([42, 43], 200);
  await changePeople("b", (ids) => [...ids, 4711]);
  assert.deepEqual(asked.map(({ method, path }) => `${method} ${path}`), ["GET /api/bots/b", "PUT /api/bots/b"]);
  assert.deepEqual(JSON.parse(asked[1].body), { allowedTelegramUserIds: [42, 43, 4711] });
  assert.equal(asked[1].headers["If-Match"], '"7"');
});

test("whoever comes second is told so in words for people", async () => {
  api([42], 412);
  await assert.rejects(changePeople("b", (ids) => ids), { status: 412, message: "Somebody else has changed the bot just now." });
});

test("another refusal stays as it is", async () => {
  api([42], 409);
  await assert.rejects(changePeople("b", (ids) => ids), { status: 409, message: problem.detail });
});

test("a number that would be rounded is none", () => {
  for (const text of ["1", "4711", "999999999999999"]) assert.ok(isUserNumber(text), text);
  for (const text of ["", "0", "-7", "42a", "9999999999999999"]) assert.ok(!isUserNumber(text), text);
});
