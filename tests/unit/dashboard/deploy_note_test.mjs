import assert from "node:assert/strict";
import test from "node:test";
import { forgetRefusal, leaveNote, noteOf } from "../../../dashboard/src/lib/deploy_note.ts";

test("a refusal is forgotten once the bot has an operation, and the usual duration is not", () => {
  leaveNote("b", { problem: new Error("Your plan allows no more bots."), expectedSeconds: 60 });
  forgetRefusal("b");
  assert.deepEqual(noteOf("b"), { problem: null, expectedSeconds: 60 });
  forgetRefusal("nobody's");
  assert.equal(noteOf("nobody's"), undefined);
});
