import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, query } from "../lib/api.ts";
import { EventFeed, type FeedState } from "../lib/event_feed.ts";
import { clock, count, inWords } from "../lib/format.ts";
import { LogBuffer } from "../lib/log_buffer.ts";
import type { Level, LogLine, Page } from "../lib/types.ts";
import { Button } from "./controls.tsx";

const rowHeight = 22;
/** Rows drawn beyond both ends, so that a quick scroll shows no blank. */
const overscan = 20;
/** The latest lines come first; earlier ones when somebody wants them. */
const firstLines = 2_000;
const pageSize = 200;
const pagesAtOnce = 10;

const feedWords: Record<FeedState, string> = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Connection lost; trying again",
  ended: "Ended",
};

interface LogViewProps {
  botId: string;
  /** Called with lines that say that a state has changed. */
  onChange: () => void;
}

/** Fills a buffer from the bot's event stream, and tells when to draw. */
function useFeed(botId: string, onChange: () => void) {
  const buffer = useMemo(() => new LogBuffer(), [botId]);
  const [version, setVersion] = useState(0);
  const [state, setState] = useState<FeedState>("connecting");
  const frame = useRef(0);
  const changed = useRef(onChange);
  changed.current = onChange;
  const draw = () => {
    if (frame.current) return;
    // A hidden page draws nothing; its buffer fills all the same.
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      setVersion((n) => n + 1);
    });
  };
  useEffect(() => {
    const feed = new EventFeed({
      url: (after) => query(`/api/deploy/${botId}/events`, after === null ? { tail: firstLines } : { after }),
      onLines: (lines) => {
        buffer.append(lines);
        if (lines.some((line) => line.type !== "log")) changed.current();
        draw();
      },
      onState: setState,
    });
    return () => {
      feed.close();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [botId]);
  return { buffer, version, state, draw };
}

/** Lines from before the first one that is here, up to `many` of them. */
async function earlierLines(botId: string, first: number, many: number): Promise<LogLine[]> {
  const from = Math.max(0, first - 1 - many);
  const afters: number[] = [];
  for (let after = from; after < first - 1; after += pageSize) afters.push(after);
  const pages = await Promise.all(
    afters.map((after) =>
      get<Page<LogLine>>(
        query(`/api/deploy/${botId}/logs`, { after, limit: Math.min(pageSize, first - 1 - after) }),
      ),
    ),
  );
  return pages.flatMap((page) => page.items);
}

export function LogView({ botId, onChange }: LogViewProps) {
  const { buffer, version, state, draw } = useFeed(botId, onChange);
  const [text, setText] = useState("");
  const [level, setLevel] = useState<Level>("debug");
  const [follow, setFollow] = useState(true);
  const [seenTo, setSeenTo] = useState(0);
  const [chosen, setChosen] = useState<LogLine | null>(null);
  const [fetching, setFetching] = useState(false);
  /** Nothing is before the first line: it is line one, or what was there has been pruned. */
  const [complete, setComplete] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const [view, setView] = useState({ top: 0, height: 440 });

  useMemo(() => buffer.setFilter({ text, level }), [buffer, text, level]);
  const lines = buffer.visible;

  // At the end of what there is, the view stays there as it grows.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !follow) return;
    element.scrollTop = element.scrollHeight;
    setView({ top: element.scrollTop, height: element.clientHeight });
  }, [version, follow, text, level]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setView({ top: element.scrollTop, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog");
      if (event.key === "/" && !typing) {
        event.preventDefault();
        search.current?.focus();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  const hasEarlier = !complete && buffer.first > 1;
  const fetchEarlier = async (many: number) => {
    if (fetching || !hasEarlier) return;
    setFetching(true);
    try {
      const element = box.current;
      const before = buffer.visible.length;
      const earlier = await earlierLines(botId, buffer.first, many);
      if (earlier.length === 0) setComplete(true);
      buffer.prepend(earlier);
      const added = buffer.visible.length - before;
      // What was in view stays in view.
      if (element && !follow) requestAnimationFrame(() => (element.scrollTop += added * rowHeight));
      draw();
    } catch {
      // The next scroll to the top asks again.
    } finally {
      setFetching(false);
    }
  };

  // A search looks at all lines, so it fetches those that are not here yet.
  const wantsAll = (text !== "" || level !== "debug") && hasEarlier;
  useEffect(() => {
    if (wantsAll && !fetching) void fetchEarlier(pageSize * pagesAtOnce);
  }, [wantsAll, fetching, version]);

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < rowHeight;
    setView({ top: element.scrollTop, height: element.clientHeight });
    if (atEnd !== follow) setFollow(atEnd);
    if (!atEnd && follow) setSeenTo(buffer.last);
    if (element.scrollTop < rowHeight * overscan) void fetchEarlier(pageSize * pagesAtOnce);
  };

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const end = Math.min(lines.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const fresh = follow ? 0 : Math.max(0, buffer.last - seenTo);

  return (
    <section class="log card" aria-labelledby="log-title">
      <header class="log-bar">
        <h2 id="log-title">Log</h2>
        <span class={`feed ${state}`} role="status">
          <span class="dot" aria-hidden="true" />
          {feedWords[state]}
        </span>
        <span class="grow" />
        <input
          ref={search}
          type="search"
          placeholder="Search the log  ( / )"
          aria-label="Search the log"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setText("");
          }}
        />
        <select
          aria-label="Least level"
          value={level}
          onChange={(event) => setLevel(event.currentTarget.value as Level)}
        >
          <option value="debug">All lines</option>
          <option value="info">Info and up</option>
          <option value="warning">Warnings and errors</option>
          <option value="error">Errors only</option>
        </select>
        <Button
          aria-pressed={follow}
          onClick={() => {
            setSeenTo(buffer.last);
            setFollow(!follow);
          }}
        >
          {follow ? "Pause" : "Follow"}
        </Button>
      </header>
      <div
        ref={box}
        class="log-box"
        role="log"
        aria-live="off"
        aria-label="Log lines"
        tabIndex={0}
        onScroll={onScroll}
        data-lines={lines.length}
        data-last={buffer.last}
      >
        <div class="log-space" style={{ height: `${lines.length * rowHeight}px` }}>
          <div class="log-rows" style={{ transform: `translateY(${first * rowHeight}px)` }}>
            {lines.slice(first, end).map((line) => (
              <Row key={line.seq} line={line} chosen={chosen?.seq === line.seq} choose={setChosen} />
            ))}
          </div>
        </div>
        {lines.length === 0 && (
          <p class="log-empty">
            {fetching || wantsAll
              ? "Searching earlier lines…"
              : buffer.isFiltered
                ? "No line fits."
                : "Nothing has happened yet. Lines appear here as they are printed on the server."}
          </p>
        )}
      </div>
      <footer class="log-foot">
        <span>
          {buffer.isFiltered
            ? `${count(lines.length, "line")} of ${buffer.size.toLocaleString()} fit`
            : count(buffer.last, "line")}
          {(fetching || wantsAll) && ", reading earlier ones…"}
        </span>
        {fresh > 0 && (
          <Button look="primary" onClick={() => setFollow(true)}>
            ↓ {count(fresh, "new line")}
          </Button>
        )}
      </footer>
      {chosen && (
        <div class="log-detail">
          <p>
            <strong>Line {chosen.seq}</strong> · {clock(chosen.at)} · {chosen.level}
            {chosen.step && <> · {inWords(chosen.step)}</>} · {chosen.stream}
          </p>
          <pre tabIndex={0}>{chosen.message}</pre>
          <Button look="quiet" onClick={() => setChosen(null)}>
            Close
          </Button>
        </div>
      )}
    </section>
  );
}

function Row({ line, chosen, choose }: { line: LogLine; chosen: boolean; choose: (line: LogLine | null) => void }) {
  return (
    <div
      class={`line ${line.level} ${line.stream}${chosen ? " chosen" : ""}`}
      data-seq={line.seq}
      onClick={() => choose(chosen ? null : line)}
    >
      <time>{clock(line.at)}</time>
      <span class="step">{line.step ? inWords(line.step) : ""}</span>
      <span class="message">{line.message}</span>
    </div>
  );
}
