import { get, post } from "../../lib/api.ts";
import { ago, clock, count, duration, money, moneys } from "../../lib/format.ts";
import { useAction, useLoad } from "../../lib/hooks.ts";
import { mayChange, useSession } from "../../lib/session.ts";
import type { Money, Page } from "../../lib/types.ts";
import { Button, Facts, ProblemNotice } from "../../ui/controls.tsx";

const renewMs = 5_000;

interface Finding {
  kind: string;
  trouble: string;
  id: string;
  name: string;
  priceMonthly: string | null;
  currency: string | null;
  done: string;
}

interface Project {
  provider: string;
  servers: number;
  unpricedServers: number;
  monthly: Money[];
  ceiling: string | null;
  requests: {
    limits: { windowSeconds: number; limit: number; left: number }[];
    pausedUntil: string | null;
    refused: number;
    createsUnderWay: number;
  } | null;
  sweep: { sweptAt: string; listed: number; alive: number; findings: Finding[] } | null;
}

const troubles: Record<string, string> = {
  stray: "nobody's",
  left_over: "left over",
  unassigned: "an address that no server has",
  vanished: "vanished",
  switched_off: "switched off",
};
const deeds: Record<string, string> = {
  none: "reported only",
  waits: "waits for its grace period",
  deleted: "deleted",
  failed: "could not be put right",
  switched_on: "switched on",
  gave_up: "does not stay on",
  bot_failed: "its bot was told",
};

/** What the servers cost a month, of what they may. */
function Spending({ project }: { project: Project }) {
  const { monthly, ceiling, servers, unpricedServers } = project;
  const spent = monthly.reduce((sum, price) => sum + Number(price.amount), 0);
  const currency = monthly[0]?.currency;
  const bound = ceiling === null ? null : currency ? money({ amount: ceiling, currency }) : ceiling;
  return (
    <>
      {monthly.length > 0 ? moneys(monthly) : "nothing"} {bound ? `of at most ${bound}` : "a month, no ceiling"}
      {ceiling !== null && (
        <meter
          class="block"
          aria-label={`Costs of ${project.provider} a month against their ceiling`}
          min={0}
          max={Number(ceiling)}
          high={Number(ceiling) * 0.8}
          value={Math.min(spent, Number(ceiling))}
        />
      )}
      <span class="soft small block">
        {count(servers, "server")}
        {unpricedServers > 0 && `, of ${unpricedServers} the price is not known`}
      </span>
    </>
  );
}

function Requests({ requests }: { requests: Project["requests"] }) {
  if (!requests) return <>–</>;
  const paused = requests.pausedUntil && Date.parse(requests.pausedUntil) > Date.now();
  return (
    <>
      {requests.limits.map((one) => (
        <span key={one.windowSeconds} class="block">
          {one.left.toLocaleString()} left of {one.limit.toLocaleString()} in {duration(one.windowSeconds * 1000).replace(/ 00 (s|min)$/, "")}
        </span>
      ))}
      <span class={`small block ${paused ? "bad-text" : "soft"}`}>
        {paused
          ? `nothing is sent until ${clock(requests.pausedUntil!)}: the provider had enough`
          : `${count(requests.createsUnderWay, "create")} under way, ${count(requests.refused, "request")} refused so far`}
      </span>
    </>
  );
}

function Findings({ project }: { project: Project }) {
  const findings = project.sweep?.findings ?? [];
  if (findings.length === 0) return null;
  return (
    <div class="card flush scroll">
      <table class="stack">
        <thead>
          <tr>
            <th>Found at {project.provider}</th>
            <th>Name</th>
            <th>What is wrong</th>
            <th>What was done</th>
            <th class="right">A month</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((one) => (
            <tr key={`${one.kind} ${one.id}`}>
              <td>
                {one.kind.replaceAll("_", " ")} <span class="soft mono">{one.id}</span>
              </td>
              <td class="mono">{one.name}</td>
              <td>{troubles[one.trouble] ?? one.trouble}</td>
              <td class={one.done === "failed" ? "bad-text" : undefined}>{deeds[one.done] ?? one.done}</td>
              <td class="right">{one.priceMonthly ? money({ amount: one.priceMonthly, currency: one.currency ?? "" }) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Each provider's costs against their ceiling, its request budget, and what its last sweep found. */
export function Projects() {
  const session = useSession();
  const { data, problem, reload } = useLoad("projects", (signal) => get<Page<Project>>("/api/cloud/projects", signal), renewMs);
  const { busy, problem: refused, run } = useAction();
  const sweep = async () => {
    if (await run("sweep", () => post("/api/cloud/sweep"))) reload();
  };
  if (!data) return <ProblemNotice problem={problem} />;
  return (
    <section class="part">
      <header class="row spread">
        <h2>Providers</h2>
        {mayChange(session) && (
          <Button busy={busy !== null} onClick={() => void sweep()}>
            Sweep now
          </Button>
        )}
      </header>
      <ProblemNotice problem={problem ?? refused} />
      {data.items.map((project) => (
        <div key={project.provider} class="part">
          <Facts
            look="card"
            facts={[
              ["Provider", project.provider],
              ["Servers a month", <Spending project={project} />],
              ["Requests", <Requests requests={project.requests} />],
              [
                "Last sweep",
                project.sweep
                  ? `${ago(project.sweep.sweptAt, Date.now())}: ${count(project.sweep.listed, "server")} listed, ${count(project.sweep.findings.length, "thing")} amiss`
                  : "none yet",
              ],
            ]}
          />
          <Findings project={project} />
        </div>
      ))}
    </section>
  );
}
