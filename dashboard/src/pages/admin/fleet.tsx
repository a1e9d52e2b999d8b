import { useMemo, useState } from "preact/hooks";
import { all } from "../../lib/api.ts";
import { ago, count } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Bot } from "../../lib/types.ts";
import { Loading, ProblemNotice, StatusBadge } from "../../ui/controls.tsx";
import { VirtualList } from "../../ui/virtual_list.tsx";

const renewMs = 15_000;
const mostBots = 20_000;
const rowHeight = 44;
const dayMs = 86_400_000;

const ages: { name: string; title: string; fits: (ms: number) => boolean }[] = [
  { name: "day", title: "Younger than a day", fits: (ms) => ms < dayMs },
  { name: "week", title: "Younger than a week", fits: (ms) => ms < 7 * dayMs },
  { name: "month", title: "Older than 30 days", fits: (ms) => ms > 30 * dayMs },
];

interface Filters {
  text: string;
  status: string;
  version: string;
  provider: string;
  region: string;
  age: string;
}

const none: Filters = { text: "", status: "", version: "", provider: "", region: "", age: "" };
const statusOf = (bot: Bot) => bot.condition ?? bot.status;

function passes(bot: Bot, filters: Filters, now: number): boolean {
  const text = filters.text.trim().toLowerCase();
  const age = ages.find((one) => one.name === filters.age);
  const said = `${bot.name} ${bot.telegramUsername} ${bot.model} ${bot.ownerEmail ?? ""} ${bot.id}`.toLowerCase();
  return (
    (text === "" || said.includes(text)) &&
    (filters.status === "" || statusOf(bot) === filters.status) &&
    (filters.version === "" || bot.openclawVersion === filters.version) &&
    (filters.provider === "" || bot.provider === filters.provider) &&
    (filters.region === "" || bot.region === filters.region) &&
    (!age || age.fits(now - Date.parse(bot.createdAt)))
  );
}

const different = (bots: Bot[], value: (bot: Bot) => string | null | undefined): string[] =>
  [...new Set(bots.map(value).filter((one): one is string => Boolean(one)))].sort();

interface PickProps {
  label: string;
  value: string;
  values: { name: string; title: string }[];
  choose: (value: string) => void;
}

function Pick({ label, value, values, choose }: PickProps) {
  if (values.length === 0) return null;
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{label}: all</option>
      {values.map((one) => (
        <option key={one.name} value={one.name}>
          {one.title}
        </option>
      ))}
    </select>
  );
}

const plain = (values: string[]) => values.map((name) => ({ name, title: name }));

function Row({ bot, now }: { bot: Bot; now: number }) {
  return (
    <div class="fleet-row" role="listitem" key={bot.id}>
      <Link href={`/bots/${bot.id}`}>{bot.name}</Link>
      <span class="soft">@{bot.telegramUsername}</span>
      <StatusBadge status={bot.status} condition={bot.condition} />
      <span class="soft">
        {bot.provider} {bot.region}
      </span>
      <span class="soft">{ago(bot.createdAt, now)}</span>
    </div>
  );
}

export function FleetPart() {
  const { data, problem } = useLoad("fleet", (signal) => all<Bot>("/api/bots?all=true", mostBots, signal), renewMs);
  const [filters, setFilters] = useState(none);
  const now = Date.now();
  const shown = useMemo(() => (data ?? []).filter((bot) => passes(bot, filters, now)), [data, filters]);
  const set = (name: keyof Filters) => (value: string) => setFilters({ ...filters, [name]: value });
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="the fleet" />;
  return (
    <>
      <header class="row filters">
        <h1>Fleet</h1>
        <span class="soft" role="status">
          {count(shown.length, "bot")}
        </span>
        <span class="grow" />
        <input
          type="search"
          aria-label="Find bots"
          placeholder="Name, user, model"
          value={filters.text}
          onInput={(event) => set("text")(event.currentTarget.value)}
        />
        <Pick label="State" value={filters.status} values={plain(different(data, statusOf))} choose={set("status")} />
        <Pick label="Version" value={filters.version} values={plain(different(data, (b) => b.openclawVersion))} choose={set("version")} />
        <Pick label="Provider" value={filters.provider} values={plain(different(data, (b) => b.provider))} choose={set("provider")} />
        <Pick label="Region" value={filters.region} values={plain(different(data, (b) => b.region))} choose={set("region")} />
        <Pick label="Age" value={filters.age} values={ages} choose={set("age")} />
      </header>
      <ProblemNotice problem={problem} />
      <div class="card flush">
        <VirtualList items={shown} rowHeight={rowHeight} label="Bots" row={(bot) => <Row bot={bot} now={now} />} />
      </div>
    </>
  );
}
