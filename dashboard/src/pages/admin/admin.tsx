import { get } from "../../lib/api.ts";
import { useLoad, useTitle } from "../../lib/hooks.ts";
import { isStaff, useSession } from "../../lib/session.ts";
import { Link } from "../../lib/router.tsx";
import type { Page } from "../../lib/types.ts";
import { Empty } from "../../ui/controls.tsx";
import { Alarms } from "./alarms.tsx";
import { AuditPart } from "./audit.tsx";
import { CostsPart } from "./costs.tsx";
import { FleetPart } from "./fleet.tsx";
import { LogsPart } from "./logs.tsx";
import { OperationsPart } from "./operations.tsx";
import { PoolPart } from "./pool.tsx";
import { ServersPart } from "./servers.tsx";
import { UsersPart } from "./users.tsx";

const parts: { name: string; title: string; show: () => preact.ComponentChild }[] = [
  { name: "fleet", title: "Fleet", show: () => <FleetPart /> },
  { name: "operations", title: "Under way", show: () => <OperationsPart /> },
  { name: "logs", title: "Log search", show: () => <LogsPart /> },
  { name: "pool", title: "Queue and workers", show: () => <PoolPart /> },
  { name: "servers", title: "Servers", show: () => <ServersPart /> },
  { name: "costs", title: "Costs", show: () => <CostsPart /> },
  { name: "users", title: "Users", show: () => <UsersPart /> },
  { name: "audit", title: "Audit", show: () => <AuditPart /> },
];

const renewMs = 15_000;
const mostCounted = 200;

/** How many operations do not go on by themselves, beside the name of their page. */
function StuckCount() {
  const path = `/api/admin/operations?stuck=true&limit=${mostCounted}`;
  const { data } = useLoad("stuck", (signal) => get<Page<unknown>>(path, signal), renewMs);
  if (!data || data.items.length === 0) return null;
  return <span class="badge bad">{`${data.items.length}${data.next ? "+" : ""} stuck`}</span>;
}

export function AdminPage({ part }: { part: string }) {
  const session = useSession();
  const shown = parts.find((one) => one.name === part);
  useTitle(shown?.title ?? "Admin");
  if (!isStaff(session) || !shown) {
    return (
      <Empty title="There is no such page">
        <Link href="/">To your bots</Link>
      </Empty>
    );
  }
  return (
    <div class="page wide">
      <nav class="tabs" aria-label="Admin">
        {parts.map((one) => (
          <Link key={one.name} href={`/admin/${one.name}`} aria-current={one === shown ? "page" : undefined}>
            {one.title} {one.name === "operations" && <StuckCount />}
          </Link>
        ))}
      </nav>
      <Alarms />
      {shown.show()}
    </div>
  );
}
