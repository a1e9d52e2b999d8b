import { all, get } from "../../lib/api.ts";
import { count, money, sums } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Page, Server } from "../../lib/types.ts";
import { Button, Loading, ProblemNotice } from "../../ui/controls.tsx";
import { Projects } from "./projects.tsx";

const mostServers = 20_000;

const total = (servers: Server[]): string => sums(servers.map((server) => server.cost));

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

/** A server of the projects that is not ours. */
type Foreign = Omit<Server, "id" | "state">;

interface Inventory {
  servers: Server[];
  theirs: Foreign[];
  theirsCount: number;
  silent: string[];
}

/** All pages of one listing; each tells which providers did not answer. */
async function inventory(signal: AbortSignal): Promise<Inventory> {
  const first = await get<Page<Server> & { silentProviders: string[]; theirs: Foreign[]; theirsCount: number }>(
    "/api/cloud/servers?limit=200",
    signal,
  );
  const rest = first.next ? await all<Server>("/api/cloud/servers", mostServers, signal, first.next) : [];
  return {
    servers: [...first.items, ...rest],
    theirs: first.theirs,
    theirsCount: first.theirsCount,
    silent: first.silentProviders,
  };
}

function Orphans({ servers, silent }: Pick<Inventory, "servers" | "silent">) {
  if (servers.length === 0) {
    return silent.length === 0 ? <p class="notice good">No orphans: every server at the providers is accounted for.</p> : null;
  }
  return (
    <section class="part">
      <div class="notice bad" role="alert">
        <p>
          <strong>
            {count(servers.length, "server")} nobody accounts for, {total(servers)} a month.
          </strong>{" "}
          The reconciler removes them after their grace period; HATCHERY_STRAY_SERVERS says whether.
        </p>
      </div>
      <Rows servers={servers} />
    </section>
  );
}

function Theirs({ theirs, theirsCount }: Inventory) {
  if (theirsCount === 0) return null;
  const shown = theirs.map((server): Server => ({ ...server, id: null, state: "not ours" }));
  return (
    <section class="part">
      <h2>
        {count(theirsCount, "server")} of others, {total(shown)} a month
      </h2>
      <p class="soft">They share the projects without this installation's label, and are never touched.</p>
      <Rows servers={shown} />
    </section>
  );
}

export function ServersPart() {
  const { data, problem, reload } = useLoad("servers", inventory);
  const orphans = data?.servers.filter((server) => server.orphan) ?? [];
  const known = data?.servers.filter((server) => !server.orphan) ?? [];
  return (
    <>
      <header class="row spread">
        <h1>Servers</h1>
        <Button onClick={reload}>Ask again</Button>
      </header>
      <Projects />
      <ProblemNotice problem={problem} />
      {!data && !problem && <Loading what="servers from the providers" />}
      {data && data.silent.length > 0 && (
        <p class="notice bad" role="alert">
          <strong>{data.silent.join(" and ")} did not answer.</strong> What is shown of it is what is known here; its
          orphans are not shown.
        </p>
      )}
      {data && <Orphans servers={orphans} silent={data.silent} />}
      {data && (
        <section class="part">
          <h2>
            {count(known.length, "server")}, {total(known)} a month
          </h2>
          {known.length > 0 && <Rows servers={known} />}
        </section>
      )}
      {data && <Theirs {...data} />}
    </>
  );
}
