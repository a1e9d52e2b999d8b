import { useState } from "preact/hooks";
import { all, query } from "../../lib/api.ts";
import { count, lastMonths, money, monthName, sums } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Money } from "../../lib/types.ts";
import { Empty, Loading, ProblemNotice } from "../../ui/controls.tsx";

/** As many as the API sums up. */
const mostSums = 1_000;

interface CostSum {
  id: string;
  name: string | null;
  cost: Money;
  servers: number;
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
  const months = lastMonths();
  const [month, setMonth] = useState(months[0]!);
  const [by, setBy] = useState<By>("user");
  const path = query("/api/admin/costs", { by, month });
  const { data, problem } = useLoad(path, (signal) => all<CostSum>(path, mostSums, signal));
  return (
    <>
      <header class="row filters">
        <h1>Costs</h1>
        {data && <span class="soft">{sums(data.map((sum) => sum.cost))}</span>}
        <span class="grow" />
        <select aria-label="Summed up" value={by} onChange={(event) => setBy(event.currentTarget.value as By)}>
          {ways.map((way) => (
            <option key={way.by} value={way.by}>
              {way.title}
            </option>
          ))}
        </select>
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
      {data?.length === 0 && <Empty title="Nothing was billed in that month" />}
      {data && data.length > 0 && (
        <div class="card flush scroll">
          <table class="stack">
            <thead>
              <tr>
                <th>{ways.find((way) => way.by === by)!.title.replace("By ", "").replace(/^./, (c) => c.toUpperCase())}</th>
                <th>Servers</th>
                <th class="right">{month === months[0] ? "So far" : "In all"}</th>
              </tr>
            </thead>
            <tbody>
              {data.map((sum) => (
                <tr key={`${sum.id} ${sum.cost.currency}`}>
                  <td>
                    <Name by={by} sum={sum} />
                  </td>
                  <td class="soft">{count(sum.servers, "server")}</td>
                  <td class="right">{money(sum.cost)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
