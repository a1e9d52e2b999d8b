import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, query } from "./api.ts";
import { EventFeed, type FeedState } from "./event_feed.ts";
import { LogBuffer, type LogFilter, pageSize } from "./log_buffer.ts";
import type { LogLine, Page } from "./types.ts";

/** The latest lines come first; earlier ones when somebody looks at them. */
const firstLines = 2_000;
/** While somebody types, the server is asked once. */
const typingMs = 150;
/** After an answer that did not come. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 2_000));

export interface LogLines {
  buffer: LogBuffer;
  /** Grows whenever there is something to draw. */
  version: number;
  state: FeedState;
  /** The server is looking through earlier lines. */
  searching: boolean;
  /** Fetches what these rows lack. */
  show: (first: number, end: number) => void;
  /** Looks for lines that fit and are earlier than those found until now. */
  searchOn: () => void;
}

/** One drawing a frame, however much comes; a hidden page draws nothing, and its buffer fills all the same. */
function useDrawing(): { version: number; draw: () => void } {
  const [version, setVersion] = useState(0);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const draw = () => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      setVersion((n) => n + 1);
    });
  };
  return { version, draw };
}

function useFeed(botId: string, buffer: LogBuffer, onChange: () => void, draw: () => void): FeedState {
  const [state, setState] = useState<FeedState>("connecting");
  const changed = useRef(onChange);
  changed.current = onChange;
  useEffect(() => {
    const abort = new AbortController();
    let begun = false;
    const begin = async () => {
      const page = await get<Page<LogLine>>(query(`/api/deploy/${botId}/logs`, { after: 0, limit: 1 }), abort.signal);
      if (page.items[0]) buffer.beginsAt(page.items[0].seq);
      draw();
    };
    const feed = new EventFeed({
      url: (after) => query(`/api/deploy/${botId}/events`, after === null ? { tail: firstLines } : { after }),
      onLines: (lines) => {
        buffer.append(lines);
        if (!begun && lines[0]!.seq > 1) void begin().catch(() => (begun = false));
        begun = true;
        if (lines.some((line) => line.type !== "log")) changed.current();
        draw();
      },
      onState: setState,
    });
    return () => {
      feed.close();
      abort.abort();
    };
  }, [botId]);
  return state;
}

/** Asks for pages that are not here, each once at a time. */
function usePages(botId: string, buffer: LogBuffer, draw: () => void): (first: number, end: number) => void {
  const asked = useRef(new Set<number>());
  const abort = useMemo(() => new AbortController(), [botId]);
  useEffect(() => () => abort.abort(), [abort]);
  return (first, end) => {
    for (const page of buffer.missing(first, end)) {
      if (asked.current.has(page.after)) continue;
      asked.current.add(page.after);
      get<Page<LogLine>>(query(`/api/deploy/${botId}/logs`, { ...page }), abort.signal)
        .then((answer) => buffer.fill(page, answer.items))
        // What is still missing is asked for again when it is next drawn.
        .catch(pause)
        .finally(() => {
          asked.current.delete(page.after);
          draw();
        });
    }
  };
}

/** Lets the server look through the lines that are not here. */
function useSearch(botId: string, buffer: LogBuffer, filter: LogFilter, draw: () => void) {
  const [searching, setSearching] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const typing = useRef(true);
  const searchOn = async () => {
    const before = buffer.searchBefore;
    if (before === null || abort.current || typing.current) return;
    const mine = new AbortController();
    abort.current = mine;
    setSearching(true);
    const path = query(`/api/deploy/${botId}/logs`, {
      before,
      limit: pageSize,
      q: filter.text.trim(),
      level: filter.level === "debug" ? null : filter.level,
    });
    try {
      const page = await get<Page<LogLine>>(path, mine.signal);
      buffer.addMatches(page.items, page.next === null ? null : Number(page.next));
    } catch {
      // It goes on from the same place, unless another search has begun.
      if (!mine.signal.aborted) await pause();
    } finally {
      if (abort.current === mine) {
        abort.current = null;
        setSearching(false);
        draw();
      }
    }
  };
  useEffect(() => {
    const timer = setTimeout(() => {
      typing.current = false;
      void searchOn();
    }, typingMs);
    return () => {
      typing.current = true;
      clearTimeout(timer);
      abort.current?.abort();
      abort.current = null;
      setSearching(false);
    };
  }, [botId, filter.text, filter.level]);
  return { searching, searchOn: () => void searchOn() };
}

/** All lines of a bot as they come, and those of its past that are looked at or searched for. */
export function useLogLines(botId: string, filter: LogFilter, onChange: () => void): LogLines {
  const buffer = useMemo(() => new LogBuffer(), [botId]);
  const { version, draw } = useDrawing();
  const state = useFeed(botId, buffer, onChange, draw);
  useMemo(() => buffer.setFilter(filter), [buffer, filter.text, filter.level]);
  const show = usePages(botId, buffer, draw);
  const { searching, searchOn } = useSearch(botId, buffer, filter, draw);
  return { buffer, version, state, searching, show, searchOn };
}
