import type { Level, LogLine } from "./types.ts";

export interface LogFilter {
  text: string;
  level: Level;
}

/** A page of lines to ask the API for. */
export interface PageWanted {
  after: number;
  limit: number;
}

export const everything: LogFilter = { text: "", level: "debug" };
export const pageSize = 200;

const rank: Record<Level, number> = { debug: 0, info: 1, warning: 2, error: 3 };

/** Whether the line is shown; `text` is in lower case. */
export function fits(line: LogLine, filter: LogFilter): boolean {
  if (rank[line.level] < rank[filter.level]) return false;
  return filter.text === "" || line.message.toLowerCase().includes(filter.text);
}

/**
 * A bot's lines by their numbers, which have no gaps: what comes twice is kept once, and what is not
 * here yet is known to be missing. It has a row for every line of the log, here or not; under a filter
 * it has a row for every line that is known to fit.
 */
export class LogBuffer {
  /** Null: the line has been pruned at the server. */
  private readonly lines = new Map<number, LogLine | null>();
  /** The first line and the last one that there are; zero before the first is known. */
  private start = 0;
  private end = 0;
  /** From here to the end no line is missing. */
  private tail = 0;
  private filter = everything;
  private matches: LogLine[] = [];
  /** Lines before this number may fit, and only the server knows; null when it has told all. */
  private unknownBefore: number | null = null;

  get isFiltered(): boolean {
    return this.filter.text !== "" || this.filter.level !== "debug";
  }
  /** How many rows there are. */
  get rows(): number {
    return this.isFiltered ? this.matches.length : this.size;
  }
  /** How many lines the log has. */
  get size(): number {
    return this.end === 0 ? 0 : this.end - this.start + 1;
  }
  /** How many of them are here. */
  get held(): number {
    return this.lines.size;
  }
  get last(): number {
    return this.end;
  }
  /** Where the server's search for earlier lines that fit goes on; null when there is nothing to find. */
  get searchBefore(): number | null {
    return this.isFiltered ? this.unknownBefore : null;
  }

  /** The line of a row: undefined while it is not here, null when it is no longer kept. */
  row(index: number): LogLine | null | undefined {
    return this.isFiltered ? this.matches[index] : this.lines.get(this.start + index);
  }
  /** The number of a row's line. */
  seqOf(index: number): number {
    return this.isFiltered ? (this.matches[index]?.seq ?? 0) : this.start + index;
  }
  /** Where the line is while nothing is filtered. */
  rowOf(seq: number): number {
    return seq - this.start;
  }

  /** Lines that follow, in order; those that are here already are left out. */
  append(lines: readonly LogLine[]): void {
    for (const line of lines) {
      if (line.seq <= this.end) continue;
      if (this.end === 0) this.start = line.seq;
      if (line.seq !== this.end + 1 || this.end === 0) this.tail = line.seq;
      this.end = line.seq;
      this.lines.set(line.seq, line);
      if (this.isFiltered && fits(line, this.filter)) this.matches.push(line);
    }
  }

  /** The log's first line has this number. */
  beginsAt(seq: number): void {
    if (this.end === 0 || seq >= this.start) return;
    this.start = seq;
    if (this.isFiltered && this.unknownBefore === null) this.unknownBefore = this.tail;
  }

  /** What the server answered for a page. What it left out there is no longer kept. */
  fill(page: PageWanted, lines: readonly LogLine[]): void {
    for (const line of lines) {
      if (line.seq < this.end && !this.lines.get(line.seq)) this.lines.set(line.seq, line);
    }
    const to = Math.min(page.after + page.limit, this.end - 1);
    for (let seq = Math.max(page.after + 1, this.start); seq <= to; ++seq) {
      if (!this.lines.has(seq)) this.lines.set(seq, null);
    }
    while (this.start < this.end && this.lines.get(this.start) === null) this.lines.delete(this.start++);
    while (this.tail > this.start && this.lines.has(this.tail - 1)) --this.tail;
  }

  /** The pages that rows from `first` to before `end` lack; none under a filter. */
  missing(first: number, end: number): PageWanted[] {
    if (this.isFiltered) return [];
    const pages = new Map<number, PageWanted>();
    for (let index = first; index < Math.min(end, this.rows); ++index) {
      const seq = this.start + index;
      if (this.lines.has(seq)) continue;
      const after = Math.floor((seq - 1) / pageSize) * pageSize;
      pages.set(after, { after, limit: pageSize });
    }
    return [...pages.values()];
  }

  /** The lines that are here fit at once; for earlier ones see `searchBefore`. */
  setFilter(filter: LogFilter): void {
    this.filter = { text: filter.text.trim().toLowerCase(), level: filter.level };
    this.matches = [];
    this.unknownBefore = null;
    if (!this.isFiltered) return;
    for (let seq = this.tail; seq <= this.end; ++seq) {
      const line = this.lines.get(seq);
      if (line && fits(line, this.filter)) this.matches.push(line);
    }
    if (this.tail > this.start) this.unknownBefore = this.tail;
  }

  /** Earlier lines that fit, in order, as the server found them, and where it would go on. */
  addMatches(lines: readonly LogLine[], next: number | null): void {
    const first = this.matches[0]?.seq ?? Infinity;
    this.matches = lines.filter((line) => line.seq < first).concat(this.matches);
    this.unknownBefore = next;
  }
}
