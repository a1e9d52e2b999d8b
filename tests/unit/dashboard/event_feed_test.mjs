import assert from "node:assert/strict";
import test from "node:test";
import { EventFeed, parseEvents } from "../../../dashboard/src/lib/event_feed.ts";

const line = (seq) => ({ seq, type: "log", message: `line ${seq}` });
const text = (seqs) => seqs.map((seq) => `id: ${seq}\nevent: log\ndata: ${JSON.stringify(line(seq))}\n\n`).join("");

globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
globalThis.window = new EventTarget();

/** Answers each connection with the next list of pieces, then keeps silent; resolves with what was read. */
function follow(connections, until) {
  const asked = [];
  const lines = [];
  const states = [];
  return new Promise((resolve) => {
    const encoder = new TextEncoder();
    globalThis.fetch = async (url, { signal }) => {
      asked.push(url);
      const pieces = connections.shift();
      if (typeof pieces === "number") return new Response("", { status: pieces });
      const body = new ReadableStream({
        start(controller) {
          for (const piece of pieces ?? []) controller.enqueue(encoder.encode(piece));
          if (connections.length > 0) controller.close();
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      return new Response(body);
    };
    const look = () => {
      if (!until({ lines, states })) return;
      feed.close();
      resolve({ asked, lines, states });
    };
    const feed = new EventFeed({
      url: (after) => `/events?${after === null ? "tail" : `after=${after}`}`,
      onLines: (fresh) => {
        lines.push(...fresh.map((one) => one.seq));
        queueMicrotask(look);
      },
      onState: (state) => {
        states.push(state);
        queueMicrotask(look);
      },
    });
  });
}

test("a stream is taken apart wherever it is cut", () => {
  const whole = `: hello\n\n${text([1, 2])}`;
  for (let cut = 0; cut <= whole.length; ++cut) {
    const first = parseEvents(whole.slice(0, cut));
    const second = parseEvents(first.rest + whole.slice(cut));
    assert.deepEqual([...first.lines, ...second.lines].map((one) => one.seq), [1, 2]);
    assert.equal(second.rest, "");
  }
});

test("after an end it reads on from the last line, and what comes twice is left out", async () => {
  const { asked, lines } = await follow([[text([5, 6])], [text([6, 7, 8])]], (seen) => seen.lines.includes(8));
  assert.deepEqual(lines, [5, 6, 7, 8]);
  assert.deepEqual(asked, ["/events?tail", "/events?after=6"]);
});

test("a missing line makes it read again from where the stream was whole", async () => {
  const { asked, lines } = await follow([[text([1, 2, 4, 5])], [text([3, 4, 5])]], (seen) => seen.lines.includes(5));
  assert.deepEqual(lines, [1, 2, 3, 4, 5]);
  assert.equal(asked[1], "/events?after=2");
});

test("a laptop that wakes up connects at once", async () => {
  let woken = false;
  const { asked, lines } = await follow([[text([1])], [text([2])], [text([3])]], (seen) => {
    if (!woken && seen.states.at(-1) === "lost") {
      woken = true;
      window.dispatchEvent(new Event("online"));
    }
    return seen.lines.includes(3);
  });
  assert.deepEqual(lines, [1, 2, 3]);
  assert.equal(asked.length, 3);
});

test("somebody who may not see the bot is not asked for it again", async () => {
  const { asked, states } = await follow([404], (seen) => seen.states.includes("ended"));
  assert.equal(asked.length, 1);
  assert.deepEqual(states, ["connecting", "ended"]);
});
