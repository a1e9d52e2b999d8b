import { get } from "../../lib/api.ts";
import { count, money } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Page, Server } from "../../lib/types.ts";
import { Button, Loading, ProblemNotice } from "../../ui/controls.tsx";

/** The sum of monthly prices, by currency. */
function total(servers: Server[]): string {
  const sums = new Map<string, number>();
  for (const { cost } of servers) {
    if (cost) sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + Number(cost.amount));
  }
  if (sums.size === 0) return money({ amount: "0", currency: "EUR" });
  return [...sums].map(([currency, sum]) => money({ amount: sum.toFixed(2), currency })).join(" and ");
}

function Rows({ servers }: { servers: Server[] }) {
  return (
    <div class="card flush scroll">
      <table class="stack">
        <thead>
          <tr>
            <th>Server</th>
            <th>Bot</th>
            <th>State here</th>
            <th>At the provider</th>
            <th>Type</th>
            <th>Address</th>
            <th class="right">A month</th>
          </tr>
        </thead>
        <tbody>
          {servers.map((server) => (
            <tr key={`${server.id} ${server.providerServerId}`}>
              <td class="mono">{server.name}</td>
              <td>{server.botId && !server.orphan ? <Link href={`/bots/${server.botId}`}>its bot</Link> : "–"}</td>
              <td>{server.state ?? "unknown"}</td>
              <td>{server.providerState ?? "–"}</td>
              <td>
                {server.type} <span class="soft">{server.provider} {server.region}</span>
              </td>
              <td class="mono">{server.publicIp ?? "–"}</td>
              <td class="right">{money(server.cost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ServersPart() {
  const { data, problem, reload } = useLoad("servers", (signal) => get<Page<Server>>("/api/cloud/servers", signal));
  if (!data) return problem ? <ProblemNotice problem={problem}><Button onClick={reload}>Try again</Button></ProblemNotice> : <Loading what="servers from the providers" />;
  const orphans = data.items.filter((server) => server.orphan);
  const known = data.items.filter((server) => !server.orphan);
  return (
    <>
      <header class="row spread">
        <h1>Servers</h1>
        <Button onClick={reload}>Ask again</Button>
      </header>
      {orphans.length > 0 ? (
        <section class="part">
          <div class="notice bad" role="alert">
            <p>
              <strong>
                {count(orphans.length, "server")} nobody accounts for, {total(orphans)} a month.
              </strong>{" "}
              The reconciler removes them after their grace period; HATCHERY_STRAY_SERVERS says whether.
            </p>
          </div>
          <Rows servers={orphans} />
        </section>
      ) : (
        <p class="notice good">No orphans: every server at the providers is accounted for.</p>
      )}
      <section class="part">
        <h2>
          {count(known.length, "server")}, {total(known)} a month
        </h2>
        {known.length > 0 && <Rows servers={known} />}
      </section>
    </>
  );
}
