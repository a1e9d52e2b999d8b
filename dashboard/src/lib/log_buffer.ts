import type { Level, LogLine } from "./types.ts";

export interface LogFilter {
  text: string;
  level: Level;
}

const rank: Record<Level, number> = { debug: 0, info: 1, warning: 2, error: 3 };

/** Whether the line is shown; `text` is in lower case. */
export function fits(line: LogLine, filter: LogFilter): boolean {
  if (rank[line.level] < rank[filter.level]) return false;
  return filter.text === "" || line.message.toLowerCase().includes(filter.text);
}

/**
 * A bot's lines in the order of their numbers, each once, whatever comes twice: the stream after a
 * reconnection, and pages of earlier lines. The numbers have no gaps, so a missing one is seen.
 */
export class LogBuffer {
  private lines: LogLine[] = [];
  private shown: LogLine[] = [];
  private filter: LogFilter = { text: "", level: "debug" };

  /** What passes the filter. The same array until something changes. */
  get visible(): readonly LogLine[] {
    return this.isFiltered ? this.shown : this.lines;
  }
  get isFiltered(): boolean {
    return this.filter.text !== "" || this.filter.level !== "debug";
  }
  get size(): number {
    return this.lines.length;
  }
  /** The number of the first line here; 0 for none. */
  get first(): number {
    return this.lines[0]?.seq ?? 0;
  }
  get last(): number {
    return this.lines[this.lines.length - 1]?.seq ?? 0;
  }
  /** The latest line of this level. */
  latest(level: Level): LogLine | undefined {
    for (let i = this.lines.length - 1; i >= 0; --i) {
      if (this.lines[i]!.level === level) return this.lines[i];
    }
    return undefined;
  }

  /** Lines that follow; those that are here already are left out. */
  append(lines: readonly LogLine[]): void {
    for (const line of lines) {
      if (line.seq <= this.last) continue;
      this.lines.push(line);
      if (this.isFiltered && fits(line, this.filter)) this.shown.push(line);
    }
  }

  /** Earlier lines, in order; those that are here already are left out. */
  prepend(lines: readonly LogLine[]): void {
    const first = this.first;
    const fresh = first === 0 ? [...lines] : lines.filter((line) => line.seq < first);
    if (fresh.length === 0) return;
    this.lines = fresh.concat(this.lines);
    if (this.isFiltered) this.shown = fresh.filter((line) => fits(line, this.filter)).concat(this.shown);
  }

  setFilter(filter: LogFilter): void {
    this.filter = { text: filter.text.trim().toLowerCase(), level: filter.level };
    this.shown = this.isFiltered ? this.lines.filter((line) => fits(line, this.filter)) : [];
  }
}
