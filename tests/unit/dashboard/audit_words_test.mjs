import assert from "node:assert/strict";
import test from "node:test";
import { botOf, whatWasDone } from "../../../dashboard/src/lib/audit_words.ts";

const bot = "01a1fce5-2558-7244-ac69-0aae75d4accc";
const deletion = "DELETE /api/bots/:id";

test("a look at the plan of a deletion is no deletion", () => {
  assert.equal(whatWasDone(deletion, bot), "deleted a bot");
  assert.equal(whatWasDone(deletion, `${bot} plan only`), "looked at what a deletion would take");
  assert.equal(whatWasDone("POST /api/alarms/:id/clear", ""), undefined);
});

test("a line leads to the bot that it names, and nowhere else", () => {
  assert.equal(botOf(deletion, `${bot} plan only`), bot);
  assert.equal(botOf("POST /api/deploy", bot), bot);
  assert.equal(botOf("POST /api/deploy", ""), null);
  assert.equal(botOf("POST /api/deploy", "no bot at all"), null);
  assert.equal(botOf("PUT /api/admin/users/:id/subscription", `${bot} plan=pro`), null);
});
