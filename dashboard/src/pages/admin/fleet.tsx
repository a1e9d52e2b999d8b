import { all } from "../../lib/api.ts";
import { byAge, byValue } from "../../lib/filters.ts";
import { ago } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Bot } from "../../lib/types.ts";
import { Loading, ProblemNotice, StatusBadge } from "../../ui/controls.tsx";
import { FilteredList } from "../../ui/filtered_list.tsx";

const renewMs = 15_000;
const mostBots = 20_000;

const filters = [
  byValue<Bot>("state", "State", (bot) => bot.condition ?? bot.status),
  byValue<Bot>("version", "Version", (bot) => bot.openclawVersion),
  byValue<Bot>("provider", "Provider", (bot) => bot.provider),
  byValue<Bot>("region", "Region", (bot) => bot.region),
  byAge<Bot>((bot) => bot.createdAt),
  byValue<Bot>("owner", "Owner", (bot) => bot.ownerEmail),
];
const said = (bot: Bot) => `${bot.name} @${bot.telegramUsername} ${bot.model} ${bot.ownerEmail ?? ""} ${bot.id}`;

function row(bot: Bot, now: number) {
  return (
    <div class="list-row fleet" role="listitem" key={bot.id}>
      <Link href={`/bots/${bot.id}`}>{bot.name}</Link>
      <StatusBadge status={bot.status} condition={bot.condition} />
      <span class="soft">{bot.ownerEmail}</span>
      <span class="soft">{bot.model}</span>
      <span class="soft">
        {bot.provider} {bot.region}
      </span>
      <span class="soft">{bot.openclawVersion ?? "–"}</span>
      <span class="soft right">{ago(bot.createdAt, now)}</span>
    </div>
  );
}

export function FleetPart() {
  const { data, problem } = useLoad("fleet", (signal) => all<Bot>("/api/bots?all=true", mostBots, signal), renewMs);
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="the fleet" />;
  return (
    <>
      <ProblemNotice problem={problem} />
      <FilteredList
        title="Bots"
        one="bot"
        items={data}
        filters={filters}
        said={said}
        placeholder="Name, user, model"
        row={row}
      />
    </>
  );
}
