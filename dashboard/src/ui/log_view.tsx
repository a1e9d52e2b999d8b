import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FeedState } from "../lib/event_feed.ts";
import { clock, count, dateAndTime, inWords } from "../lib/format.ts";
import type { LogBuffer } from "../lib/log_buffer.ts";
import { useLogLines } from "../lib/log_lines.ts";
import type { Level, LogLine } from "../lib/types.ts";
import { Button, Marked } from "./controls.tsx";

const rowHeight = 22;
/** Rows drawn beyond both ends, so that a quick scroll shows no blank. */
const overscan = 20;
/** A search goes on by itself until it has found so many lines; then as somebody scrolls up. */
const enoughMatches = 400;

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

/** The key `/` goes to the search, as in many a program. */
function useSearchKey(search: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Where the box is scrolled to; follows the end while it should. */
function useView(buffer: LogBuffer, version: number, filter: string) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 440 });
  const [follow, setFollow] = useState(true);
  const [seenTo, setSeenTo] = useState(0);
  const above = useRef({ filter, first: 0 });
  const look = () => {
    const element = box.current;
    if (element) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const before = above.current;
    const first = buffer.seqOf(0);
    above.current = { filter, first };
    if (follow) element.scrollTop = element.scrollHeight;
    // Rows that came above move nothing that is in view.
    else if (before.filter === filter && first < before.first) {
      let added = 0;
      while (added < buffer.rows && buffer.seqOf(added) < before.first) ++added;
      element.scrollTop += added * rowHeight;
    }
    look();
  }, [version, follow, filter]);
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < rowHeight;
    look();
    if (atEnd !== follow) setFollow(atEnd);
    if (!atEnd && follow) setSeenTo(buffer.last);
  };
  const toggle = () => {
    setSeenTo(buffer.last);
    setFollow(!follow);
  };
  const goTo = (row: number) => {
    setSeenTo(buffer.last);
    setFollow(false);
    requestAnimationFrame(() => box.current?.scrollTo({ top: row * rowHeight - view.height / 2 }));
  };
  const keepInView = (row: number) => {
    const element = box.current;
    if (!element) return;
    if (row * rowHeight < element.scrollTop) element.scrollTop = row * rowHeight;
    const bottom = (row + 1) * rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  };
  return { box, view, follow, onScroll, toggle, goTo, keepInView, fresh: follow ? 0 : Math.max(0, buffer.last - seenTo) };
}

function emptyWords(buffer: LogBuffer, searching: boolean): string {
  if (searching || buffer.searchBefore !== null) return "Searching earlier lines…";
  if (buffer.isFiltered) return "No line fits.";
  return "Nothing has happened yet. Lines appear here as they are printed on the server.";
}

function footWords(buffer: LogBuffer, searching: boolean): string {
  if (!buffer.isFiltered) return count(buffer.size, "line");
  const found = `${count(buffer.rows, "line")} of ${buffer.size.toLocaleString()}`;
  if (searching) return `${found}, searching earlier ones…`;
  return buffer.searchBefore === null ? `${found} ${buffer.rows === 1 ? "fits" : "fit"}` : `${found} fit, and there are earlier ones`;
}

export function LogView({ botId, onChange }: LogViewProps) {
  const [text, setText] = useState("");
  const [level, setLevel] = useState<Level>("debug");
  const [chosen, setChosen] = useState<LogLine | null>(null);
  const { buffer, version, state, searching, show, searchOn } = useLogLines(botId, { text, level }, onChange);
  const { box, view, follow, onScroll, toggle, goTo, keepInView, fresh } = useView(buffer, version, `${level} ${text}`);
  const search = useRef<HTMLInputElement>(null);
  useSearchKey(search);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const end = Math.min(buffer.rows, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  useEffect(() => {
    show(first, end);
    if (first === 0 || buffer.rows < enoughMatches) searchOn();
  }, [version, first, end]);

  const rows: VNode[] = [];
  for (let index = first; index < end; ++index) {
    const line = buffer.row(index);
    rows.push(
      line ? (
        <Row key={line.seq} line={line} text={text} chosen={chosen?.seq === line.seq} choose={setChosen} />
      ) : (
        <Hole key={buffer.seqOf(index)} gone={line === null} />
      ),
    );
  }
  /** Enter chooses a line in view, the arrows another; Escape none. */
  const onKeyDown = (event: KeyboardEvent) => {
    const at = chosen ? rows.findIndex((row) => row.key === chosen.seq) : -1;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Escape") setChosen(null);
    else if (event.key === "Enter") setChosen(buffer.row(Math.ceil(view.top / rowHeight)) ?? null);
    else if (step !== 0 && at >= 0) {
      event.preventDefault();
      const row = Math.min(Math.max(first + at + step, 0), buffer.rows - 1);
      setChosen(buffer.row(row) ?? chosen);
      keepInView(row);
    }
  };
  const showInLog = (line: LogLine) => {
    setText("");
    setLevel("debug");
    goTo(buffer.rowOf(line.seq));
  };
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
          maxLength={100}
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
        <Button aria-pressed={follow} onClick={toggle}>
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
        onKeyDown={onKeyDown}
        data-lines={buffer.rows}
        data-held={buffer.held}
      >
        <div class="log-space" style={{ height: `${buffer.rows * rowHeight}px` }}>
          <div class="log-rows" style={{ transform: `translateY(${first * rowHeight}px)` }}>
            {rows}
          </div>
        </div>
        {buffer.rows === 0 && <p class="log-empty">{emptyWords(buffer, searching)}</p>}
      </div>
      <footer class="log-foot">
        <span role="status">{footWords(buffer, searching)}</span>
        {fresh > 0 && (
          <Button look="primary" onClick={toggle}>
            ↓ {count(fresh, "new line")}
          </Button>
        )}
      </footer>
      {chosen && (
        <Detail line={chosen} close={() => setChosen(null)} show={buffer.isFiltered ? () => showInLog(chosen) : undefined} />
      )}
    </section>
  );
}

interface DetailProps {
  line: LogLine;
  close: () => void;
  /** Given while a filter hides what is around the line. */
  show: (() => void) | undefined;
}

function Detail({ line, close, show }: DetailProps) {
  return (
    <div class="log-detail">
      <p>
        <strong>Line {line.seq}</strong> · {dateAndTime(line.at)} · {line.level}
        {line.step && <> · {inWords(line.step)}</>} · {line.stream}
      </p>
      <pre tabIndex={0}>{line.message}</pre>
      <div class="row">
        {show && <Button onClick={show}>Show the lines around it</Button>}
        <Button look="quiet" onClick={close}>
          Close
        </Button>
      </div>
    </div>
  );
}

interface RowProps {
  line: LogLine;
  text: string;
  chosen: boolean;
  choose: (line: LogLine | null) => void;
}

function Row({ line, text, chosen, choose }: RowProps) {
  return (
    <div
      class={`line ${line.level} ${line.stream}${chosen ? " chosen" : ""}`}
      data-seq={line.seq}
      onClick={() => choose(chosen ? null : line)}
    >
      <time>{clock(line.at)}</time>
      <span class="step">{line.step ? inWords(line.step) : ""}</span>
      <span class="message">
        <Marked text={line.message} wanted={text} />
      </span>
    </div>
  );
}

/** The place of a line that is being fetched, or that is no longer kept. */
function Hole({ gone }: { gone: boolean }) {
  return (
    <div class="line hole">
      <time />
      <span class="step" />
      <span class="message">{gone ? "no longer kept" : "…"}</span>
    </div>
  );
}
