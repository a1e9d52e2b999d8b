import type { Money } from "./types.ts";

const words: Record<string, string> = {
  provision_server: "Create the server",
  install_dependencies: "Prepare the server",
  deploy_openclaw: "Install OpenClaw",
  configure_bot: "Configure the bot",
  start_bot: "Start and check the bot",
  stop_bot: "Stop the bot",
  destroy_server: "Remove the server",
  remove_webhook: "Remove the webhook",
  chat_turn: "Chat turn",
  stop_turn: "Stop the turn",
  deploy: "Deploy",
  stop: "Stop",
  start: "Start",
  restart: "Restart",
  reconfigure: "Change settings",
  destroy: "Delete",
  upgrade: "Upgrade",
  sleep: "Put to sleep",
  wake: "Wake up",
};

const doing: Record<string, string> = {
  deploy: "Deploying",
  stop: "Stopping",
  start: "Starting",
  restart: "Restarting",
  reconfigure: "Changing settings",
  destroy: "Deleting",
  upgrade: "Upgrading",
  sleep: "Going to sleep",
  wake: "Waking up",
  chat: "Chatting",
};

/** An identifier of the API in words for people. */
export function inWords(word: string): string {
  const known = words[word];
  if (known) return known;
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function inProgress(operation: string): string {
  return doing[operation] ?? inWords(operation);
}

/** `4.2 s`, `1 min 05 s`, `3 h 12 min`, `5 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 0) ms = 0;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `about 40 seconds`, for an estimate. */
export function about(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} seconds`;
  return `about ${Math.ceil(seconds / 60)} minutes`;
}

const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const date = (time: string): string => dateFormat.format(new Date(time));
export const clock = (time: string): string => clockFormat.format(new Date(time));
export const dateAndTime = (time: string): string => dayFormat.format(new Date(time));

/** `just now`, `40 s ago`, `12 min ago`, `3 h ago`, `5 d ago`: the largest unit is what one asks for. */
export function ago(time: string, now: number): string {
  const ms = now - Date.parse(time);
  return ms < 10_000 ? "just now" : `${duration(ms).split(" ").slice(0, 2).join(" ")} ago`;
}

export function money(price: Money | null | undefined): string {
  if (!price) return "–";
  const amount = Number(price.amount);
  if (!Number.isFinite(amount)) return `${price.amount} ${price.currency}`;
  const digits = amount !== 0 && amount < 0.1 ? 4 : 2;
  try {
    return new Intl.NumberFormat(undefined, {
      style: "currency",
      currency: price.currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(amount);
  } catch {
    return `${price.amount} ${price.currency}`;
  }
}

/** `€3.49 and $4.00`; currencies are not converted. */
export const moneys = (prices: Money[]): string => prices.map(money).join(" and ");

const monthFormat = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

/** `November 2026` of `2026-11`. */
export const monthName = (month: string): string => monthFormat.format(new Date(`${month}-01T00:00:00Z`));

const monthsShown = 12;

/** `2026-11` and the months before it, in UTC. */
export function lastMonths(now = new Date()): string[] {
  return Array.from({ length: monthsShown }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

/** The sum of prices, by currency: currencies are not converted. */
export function sums(prices: (Money | null)[]): string {
  const byCurrency = new Map<string, number>();
  for (const price of prices) {
    if (price) byCurrency.set(price.currency, (byCurrency.get(price.currency) ?? 0) + Number(price.amount));
  }
  return moneys([...byCurrency].map(([currency, sum]) => ({ amount: String(sum), currency }))) || "nothing";
}

/** What a sum leaves out, to stand behind it; nothing when it is whole. */
export const leftOut = (unpricedServers: number): string =>
  unpricedServers === 0 ? "" : `; of ${count(unpricedServers, "server")} the price is not known`;

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** The text in parts: those that are what is looked for, whatever its case, and those between. */
export function marked(text: string, wanted: string): { text: string; hit: boolean }[] {
  const needle = wanted.trim().toLowerCase();
  const low = text.toLowerCase();
  // Some letters change their length with their case; their places would not be the same.
  if (needle === "" || low.length !== text.length) return [{ text, hit: false }];
  const parts = [];
  let from = 0;
  for (let at = low.indexOf(needle); at >= 0; at = low.indexOf(needle, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false });
    from = at + needle.length;
    parts.push({ text: text.slice(at, from), hit: true });
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
}

/** `Firefox on Linux`, as far as a browser tells. */
export function browserName(userAgent: string | null): string {
  if (!userAgent) return "Unknown browser";
  const browsers: [RegExp, string][] = [
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\//, "Firefox"],
    [/Chrom(e|ium)\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  const systems: [RegExp, string][] = [
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const of = (names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = of(browsers);
  const system = of(systems);
  if (!browser) return userAgent.slice(0, 40);
  return system ? `${browser} on ${system}` : browser;
}
