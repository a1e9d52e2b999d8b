import { useState } from "preact/hooks";
import { all, query } from "../../lib/api.ts";
import { count, lastMonths, leftOut, money, sums } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Money } from "../../lib/types.ts";
import { Empty, Loading, ProblemNotice } from "../../ui/controls.tsx";
import { MonthSelect } from "../../ui/month.tsx";

/** As many as the API sums up. */
const mostSums = 1_000;

interface CostSum {
  id: string;
  name: string | null;
  cost: Money | null;
  servers: number;
  unpricedServers: number;
}

const ways = [
  { by: "user", title: "By user" },
  { by: "bot", title: "By bot" },
  { by: "provider", title: "By provider" },
] as const;
type By = (typeof ways)[number]["by"];

function Name({ by, sum }: { by: By; sum: CostSum }) {
  if (!sum.name) return <span class="soft mono">{sum.id}</span>;
  if (by === "bot") return <Link href={`/bots/${sum.id}`}>{sum.name}</Link>;
  if (by === "user") return <Link href={query("/admin/fleet", { owner: sum.name })}>{sum.name}</Link>;
  return <>{sum.name}</>;
}

/** What the servers of all users have cost in a month. */
export function CostsPart() {
  const now = lastMonths()[0]!;
  const [month, setMonth] = useState(now);
  const [by, setBy] = useState<By>("user");
  const path = query("/api/admin/costs", { by, month });
  const { data, problem } = useLoad(path, (signal) => all<CostSum>(path, mostSums, signal));
  return (
    <>
      <header class="row filters">
        <h1>Costs</h1>
        {data && (
          <span class="soft">
            {sums(data.map((sum) => sum.cost))}
            {leftOut(data.reduce((servers, sum) => servers + sum.unpricedServers, 0))}
          </span>
        )}
        <span class="grow" />
        <select aria-label="Summed up" value={by} onChange={(event) => setBy(event.currentTarget.value as By)}>
          {ways.map((way) => (
            <option key={way.by} value={way.by}>
              {way.title}
            </option>
          ))}
        </select>
        <MonthSelect month={month} onChange={setMonth} />
      </header>
      <ProblemNotice problem={problem} />
      {!data && !problem && <Loading what="costs" />}
      {data?.length === 0 && <Empty title="Nothing was billed in that month" />}
      {data && data.length > 0 && (
        <div class="card flush scroll">
          <table class="stack">
            <thead>
              <tr>
                <th>{ways.find((way) => way.by === by)!.title.replace("By ", "").replace(/^./, (c) => c.toUpperCase())}</th>
                <th>Servers</th>
                <th class="right">{month === now ? "So far" : "In all"}</th>
              </tr>
            </thead>
            <tbody>
              {data.map((sum) => (
                <tr key={`${sum.id} ${sum.cost?.currency}`}>
                  <td>
                    <Name by={by} sum={sum} />
                  </td>
                  <td class="soft">
                    {count(sum.servers, "server")}
                    {leftOut(sum.unpricedServers)}
                  </td>
                  <td class="right">{sum.cost ? money(sum.cost) : "not known"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
