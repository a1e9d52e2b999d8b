import { useState } from "preact/hooks";
import { get } from "../../lib/api.ts";
import { lastMonths, leftOut, money, moneys } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { OwnCosts } from "../../lib/types.ts";
import { Loading, ProblemNotice } from "../../ui/controls.tsx";
import { MonthSelect } from "../../ui/month.tsx";

/** What the servers of one's own bots have cost in a month. */
export function Costs() {
  const now = lastMonths()[0]!;
  const [month, setMonth] = useState(now);
  const load = (signal: AbortSignal) => get<OwnCosts>(`/api/costs?month=${month}`, signal);
  const { data, problem } = useLoad(`costs ${month}`, load);
  return (
    <section class="part">
      <header class="row filters">
        <h2>Costs</h2>
        <span class="grow" />
        <MonthSelect month={month} onChange={setMonth} />
      </header>
      <ProblemNotice problem={problem} />
      {!data && !problem && <Loading what="costs" />}
      {data?.bots.length === 0 && (
        <p class="soft">No server was rented for your bots {month === now ? "this month" : "in that month"}.</p>
      )}
      {data && data.bots.length > 0 && (
        <>
          <p>
            <strong>{moneys(data.totals) || "Nothing known"}</strong>{" "}
            <span class="soft">
              {month === now ? "so far" : "in all"}
              {leftOut(data.unpricedServers)}
            </span>
          </p>
          <ul class="card flush plain-list" aria-label="Costs of each bot">
            {data.bots.map((bot) => (
              <li key={`${bot.botId} ${bot.cost?.currency}`} class="row spread">
                {bot.botId === null ? (
                  <span class="soft">Servers without a bot</span>
                ) : bot.deleted ? (
                  <span>
                    {bot.name} <span class="soft">deleted</span>
                  </span>
                ) : (
                  <Link href={`/bots/${bot.botId}`}>{bot.name}</Link>
                )}
                <span>
                  {bot.cost ? money(bot.cost) : "not known"}
                  {bot.cost && <span class="soft small">{leftOut(bot.unpricedServers)}</span>}
                </span>
              </li>
            ))}
          </ul>
          <p class="soft small">Every begun hour of a server counts, and no server costs more than its month.</p>
        </>
      )}
    </section>
  );
}
