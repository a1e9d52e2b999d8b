import { all } from "../lib/api.ts";
import { ago } from "../lib/format.ts";
import { useLoad, useTitle } from "../lib/hooks.ts";
import { Link } from "../lib/router.tsx";
import { mayChange, useSession } from "../lib/session.ts";
import type { Bot } from "../lib/types.ts";
import { PlanLine } from "../ui/plan_line.tsx";
import { Empty, Loading, ProblemNotice, StatusBadge } from "../ui/controls.tsx";

const renewMs = 5_000;

function BotCard({ bot }: { bot: Bot }) {
  return (
    <li>
      <Link href={`/bots/${bot.id}`} class="bot-card card">
        <span class="row spread">
          <strong>{bot.name}</strong>
          <StatusBadge status={bot.status} condition={bot.condition} />
        </span>
        <span class="soft">@{bot.telegramUsername}</span>
        {bot.status === "failed" && bot.statusReason && <span class="bad-text">{bot.statusReason}</span>}
        <span class="soft small">
          {bot.model} · created {ago(bot.createdAt, Date.now())}
        </span>
      </Link>
    </li>
  );
}

export function BotsPage() {
  useTitle("Bots");
  const session = useSession();
  const { data, problem } = useLoad("bots", (signal) => all<Bot>("/api/bots", 1_000, signal), renewMs);
  const deploy = mayChange(session) && (
    <Link href="/new" class="button primary">
      Deploy a bot
    </Link>
  );
  return (
    <div class="page">
      <header class="row spread">
        <h1>Your bots</h1>
        {data && data.length > 0 && deploy}
      </header>
      <PlanLine />
      <ProblemNotice problem={problem} />
      {!data && !problem && <Loading what="your bots" />}
      {data?.length === 0 && (
        <Empty title="No bot yet">
          <p>Three moves: paste a Telegram token, choose a model, press Deploy.</p>
          {deploy}
        </Empty>
      )}
      {data && data.length > 0 && (
        <ul class="cards">
          {data.map((bot) => (
            <BotCard key={bot.id} bot={bot} />
          ))}
        </ul>
      )}
    </div>
  );
}
