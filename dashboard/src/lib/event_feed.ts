import type { LogLine } from "./types.ts";

export type FeedState = "connecting" | "live" | "lost" | "ended";

export interface FeedOptions {
  /** Where to read on after the line of this number; null for a beginning of the server's choice. */
  url: (after: number | null) => string;
  onLines: (lines: LogLine[]) => void;
  onState: (state: FeedState) => void;
}

/** The server says something at least every 15 seconds; twice that in silence, and it is gone. */
const silenceLimitMs = 40_000;
const firstPauseMs = 500;
const longestPauseMs = 15_000;

/** Takes the text of an event stream apart; the rest is what has no end yet. */
export function parseEvents(text: string): { lines: LogLine[]; rest: string } {
  const lines: LogLine[] = [];
  let from = 0;
  for (;;) {
    const end = text.indexOf("\n\n", from);
    if (end < 0) return { lines, rest: text.slice(from) };
    const block = text.slice(from, end);
    from = end + 2;
    const data = block.indexOf("data: ");
    if (data < 0) continue;
    const stop = block.indexOf("\n", data);
    lines.push(JSON.parse(block.slice(data + 6, stop < 0 ? undefined : stop)) as LogLine);
  }
}

/**
 * Follows a bot's events. Whatever happens to the connection (a restart of the server, a sleeping
 * laptop, a train in a tunnel), it comes back and reads on after the last line it has seen.
 */
export class EventFeed {
  private after: number | null = null;
  private attempt = 0;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private heardAt = 0;
  private closed = false;

  constructor(private readonly options: FeedOptions) {
    document.addEventListener("visibilitychange", this.look);
    window.addEventListener("online", this.again);
    void this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.look);
    window.removeEventListener("online", this.again);
    this.abort?.abort();
  }

  /** After a sleep the connection may look open and be dead. */
  private look = (): void => {
    if (document.visibilityState === "visible" && Date.now() - this.heardAt > silenceLimitMs / 2) this.again();
  };

  private again = (): void => {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.attempt = 0;
    void this.connect();
  };

  private async connect(): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.options.onState("connecting");
    let ended = false;
    try {
      const response = await fetch(this.options.url(this.after), {
        headers: { Accept: "text/event-stream" },
        cache: "no-store",
        signal: abort.signal,
      });
      // Signed out, or not one's own: trying again does not help.
      if (response.status === 401 || response.status === 403 || response.status === 404) ended = true;
      if (response.ok && response.body) await this.read(response.body, abort);
    } catch {
      // The connection is gone; what follows is the same as after its end.
    }
    if (this.closed || this.abort !== abort) return;
    clearTimeout(this.timer);
    if (ended) {
      this.options.onState("ended");
      return;
    }
    this.options.onState("lost");
    const pause = Math.min(firstPauseMs * 2 ** this.attempt++, longestPauseMs);
    this.timer = setTimeout(() => void this.connect(), pause);
  }

  private async read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    this.heard(abort);
    for (;;) {
      const { done, value } = await reader.read();
      if (done || abort.signal.aborted) return;
      this.heard(abort);
      this.attempt = 0;
      const parsed = parseEvents(text + decoder.decode(value, { stream: true }));
      text = parsed.rest;
      if (!this.take(parsed.lines)) {
        abort.abort();
        return;
      }
    }
  }

  /** False when a line is missing: then the stream is read again from where it was whole. */
  private take(lines: LogLine[]): boolean {
    const seen = this.after ?? 0;
    const fresh = lines.filter((line) => line.seq > seen);
    let whole = true;
    let count = 0;
    for (const line of fresh) {
      if (this.after !== null && line.seq !== this.after + 1) {
        whole = false;
        break;
      }
      this.after = line.seq;
      ++count;
    }
    if (count > 0) this.options.onLines(whole ? fresh : fresh.slice(0, count));
    return whole;
  }

  private heard(abort: AbortController): void {
    this.heardAt = Date.now();
    this.options.onState("live");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.abort === abort) this.again();
    }, silenceLimitMs);
  }
}
