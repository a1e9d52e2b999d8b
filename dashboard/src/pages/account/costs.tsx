import { useState } from "preact/hooks";
import { get } from "../../lib/api.ts";
import { lastMonths, money, moneys, monthName } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { OwnCosts } from "../../lib/types.ts";
import { Loading, ProblemNotice } from "../../ui/controls.tsx";

/** What the servers of one's own bots have cost in a month. */
export function Costs() {
  const months = lastMonths();
  const [month, setMonth] = useState(months[0]!);
  const load = (signal: AbortSignal) => get<OwnCosts>(`/api/costs?month=${month}`, signal);
  const { data, problem } = useLoad(`costs ${month}`, load);
  return (
    <section class="part">
      <header class="row filters">
        <h2>Costs</h2>
        <span class="grow" />
        <select aria-label="Month" value={month} onChange={(event) => setMonth(event.currentTarget.value)}>
          {months.map((one) => (
            <option key={one} value={one}>
              {monthName(one)}
            </option>
          ))}
        </select>
      </header>
      <ProblemNotice problem={problem} />
      {!data && !problem && <Loading what="costs" />}
      {data?.bots.length === 0 && (
        <p class="soft">No server was rented for your bots {month === months[0] ? "this month" : "in that month"}.</p>
      )}
      {data && data.bots.length > 0 && (
        <>
          <p>
            <strong>{moneys(data.totals)}</strong> <span class="soft">{month === months[0] ? "so far" : "in all"}</span>
          </p>
          <ul class="card flush plain-list" aria-label="Costs of each bot">
            {data.bots.map((bot) => (
              <li key={`${bot.botId} ${bot.cost.currency}`} class="row spread">
                {bot.botId === null ? (
                  <span class="soft">Servers without a bot</span>
                ) : bot.deleted ? (
                  <span>
                    {bot.name} <span class="soft">deleted</span>
                  </span>
                ) : (
                  <Link href={`/bots/${bot.botId}`}>{bot.name}</Link>
                )}
                <span>{money(bot.cost)}</span>
              </li>
            ))}
          </ul>
          <p class="soft small">Every begun hour of a server counts, and no server costs more than its month.</p>
        </>
      )}
    </section>
  );
}
