/** One way to narrow a list: a choice of what its items have, or of something about them. */
export interface Filter<T> {
  name: string;
  label: string;
  choices: (items: readonly T[]) => { name: string; title: string }[];
  fits: (item: T, choice: string, now: number) => boolean;
}

export type Picked = Record<string, string>;

const dayMs = 86_400_000;
const ages = [
  { name: "day", title: "Younger than a day", fits: (ms: number) => ms < dayMs },
  { name: "week", title: "Younger than a week", fits: (ms: number) => ms < 7 * dayMs },
  { name: "month", title: "Older than 30 days", fits: (ms: number) => ms > 30 * dayMs },
];

/** By a value that items have; the choices are the values that there are. */
export function byValue<T>(name: string, label: string, value: (item: T) => string | null | undefined): Filter<T> {
  return {
    name,
    label,
    choices: (items) => {
      const values = new Set(items.map(value).filter((one): one is string => Boolean(one)));
      return [...values].sort().map((one) => ({ name: one, title: one }));
    },
    fits: (item, choice) => value(item) === choice,
  };
}

export function byAge<T>(created: (item: T) => string): Filter<T> {
  return {
    name: "age",
    label: "Age",
    choices: () => ages,
    fits: (item, choice, now) => {
      const age = ages.find((one) => one.name === choice);
      return !age || age.fits(now - Date.parse(created(item)));
    },
  };
}

export interface Wanted<T> {
  filters: readonly Filter<T>[];
  picked: Picked;
  /** All words of this are in what is said of an item, whatever their case. */
  text: string;
  said: (item: T) => string;
  now: number;
}

export function passing<T>(items: readonly T[], { filters, picked, text, said, now }: Wanted<T>): T[] {
  const active = filters.filter((filter) => picked[filter.name]);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    if (!active.every((filter) => filter.fits(item, picked[filter.name]!, now))) return false;
    if (words.length === 0) return true;
    const whole = said(item).toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** How many of the times fall into each of as many equal parts of a span; those outside count for none. */
export function spread(times: readonly number[], from: number, to: number, parts: number): number[] {
  const counts = new Array<number>(parts).fill(0);
  for (const time of times) {
    if (time < from || time > to) continue;
    const part = Math.min(parts - 1, Math.floor(((time - from) / (to - from)) * parts));
    counts[part]! += 1;
  }
  return counts;
}
