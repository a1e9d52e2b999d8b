import { all } from "../../lib/api.ts";
import { byAge, byValue } from "../../lib/filters.ts";
import { ago, money } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { FleetBot } from "../../lib/types.ts";
import { Loading, ProblemNotice, StatusBadge } from "../../ui/controls.tsx";
import { FilteredList, type ListLook } from "../../ui/filtered_list.tsx";

const renewMs = 15_000;
const mostBots = 20_000;

const list: ListLook<FleetBot> = {
  title: "Bots",
  one: "bot",
  look: "fleet",
  placeholder: "Name, user, model",
  columns: ["Bot", "State", "Owner", "Model", "Place", "OpenClaw", "A month", "Created"],
  filters: [
    byValue("state", "State", (bot) => bot.condition ?? bot.status),
    byValue("version", "Version", (bot) => bot.openclawVersion),
    byValue("provider", "Provider", (bot) => bot.server?.provider ?? bot.provider),
    byValue("region", "Region", (bot) => bot.server?.region ?? bot.region),
    byAge((bot) => bot.createdAt),
    byValue("owner", "Owner", (bot) => bot.ownerEmail),
  ],
  said: (bot) => `${bot.name} @${bot.telegramUsername} ${bot.model} ${bot.ownerEmail} ${bot.id}`,
};

function row(bot: FleetBot, now: number) {
  return (
    <div class="list-row fleet" role="listitem" key={bot.id}>
      <Link href={`/bots/${bot.id}`}>{bot.name}</Link>
      <StatusBadge status={bot.status} condition={bot.condition} />
      <span class="soft">{bot.ownerEmail}</span>
      <span class="soft">{bot.model}</span>
      <span class="soft">
        {bot.server?.provider ?? bot.provider} {bot.server?.region ?? bot.region}
      </span>
      <span class="soft">{bot.openclawVersion ?? "–"}</span>
      <span class="right">{bot.server && money(bot.server.cost)}</span>
      <span class="soft right">{ago(bot.createdAt, now)}</span>
    </div>
  );
}

export function FleetPart() {
  const { data, problem } = useLoad("fleet", (signal) => all<FleetBot>("/api/admin/fleet", mostBots, signal), renewMs);
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="the fleet" />;
  return (
    <>
      <ProblemNotice problem={problem} />
      <FilteredList {...list} items={data} row={row} />
    </>
  );
}
