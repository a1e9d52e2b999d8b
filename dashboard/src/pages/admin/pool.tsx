import { useEffect, useState } from "preact/hooks";
import { get } from "../../lib/api.ts";
import { ago, duration } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import type { Page } from "../../lib/types.ts";
import { Empty, Loading, ProblemNotice } from "../../ui/controls.tsx";
import { Graph } from "../../ui/graph.tsx";

const renewMs = 2_000;
const reachMs = 600_000;

interface Queue {
  at: string;
  due: number;
  waiting: number;
  running: number;
  blocked: number;
  oldestDueSeconds: number;
  workers: number;
  desiredWorkers: number;
  slots: number;
  maxSlots: number;
  busy: number;
}

interface Worker {
  id: string;
  host: string;
  version: string;
  role: string;
  state: "alive" | "draining" | "silent";
  slots: number;
  maxSlots: number;
  busy: number;
  startedAt: string;
  heartbeatAt: string;
}

/** Kept while somebody looks at other pages, so that coming back does not begin with a blank. */
let kept: Queue[] = [];

/** What was counted while the page has been open. */
function useHistory(queue: Queue | null): Queue[] {
  const [history, setHistory] = useState(kept);
  kept = history;
  useEffect(() => {
    if (!queue) return;
    const from = Date.parse(queue.at) - reachMs;
    setHistory((old) =>
      old[old.length - 1]?.at === queue.at ? old : [...old.filter((one) => Date.parse(one.at) > from), queue],
    );
  }, [queue?.at]);
  return history;
}

function Workers({ workers }: { workers: Worker[] }) {
  const now = Date.now();
  const looks = { alive: "good", draining: "busy", silent: "bad" };
  return (
    <div class="card flush scroll">
      <table class="stack">
        <thead>
          <tr>
            <th>Process</th>
            <th>State</th>
            <th>Busy threads</th>
            <th>Version</th>
            <th>Runs since</th>
            <th>Last heard</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.id}>
              <td>
                {worker.host} <span class="soft">{worker.role}</span>
              </td>
              <td>
                <span class={`badge ${looks[worker.state]}`}>
                  <span class="dot" aria-hidden="true" />
                  {worker.state}
                </span>
              </td>
              <td>
                {worker.busy} of {worker.slots} <span class="soft">(at most {worker.maxSlots})</span>
              </td>
              <td class="soft">{worker.version}</td>
              <td class="soft">{ago(worker.startedAt, now)}</td>
              <td class="soft">{ago(worker.heartbeatAt, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function PoolPart() {
  const { data, problem } = useLoad(
    "pool",
    async (signal) => {
      const [queue, workers] = await Promise.all([
        get<{ queue: Queue | null }>("/api/admin/queue", signal),
        get<Page<Worker>>("/api/admin/workers", signal),
      ]);
      return { queue: queue.queue, workers: workers.items };
    },
    renewMs,
  );
  const queue = data?.queue ?? null;
  const history = useHistory(queue);
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="the queue" />;
  return (
    <>
      <h1>Queue and workers</h1>
      <ProblemNotice problem={problem} />
      {queue ? (
        <>
          <div class="graphs">
            <Graph title="Due jobs" values={history.map((one) => one.due)} />
            <Graph title="Running jobs" values={history.map((one) => one.running)} />
            <Graph title="Waiting jobs" values={history.map((one) => one.waiting)} />
            <Graph title="Busy threads" values={history.map((one) => one.busy)} most={queue.slots} />
          </div>
          <p class="soft">
            {history.length > 1
              ? `The graphs show the ${duration(Date.parse(queue.at) - Date.parse(history[0]!.at))} since you first looked, ten minutes at most. `
              : "The graphs grow while you look. "}
            The oldest due job has waited {duration(queue.oldestDueSeconds * 1000)}. {queue.blocked} can be run by
            nobody. {queue.workers} of {queue.desiredWorkers} wanted processes run. Counted {ago(queue.at, Date.now())}.
          </p>
        </>
      ) : (
        <Empty title="The queue has not been counted yet" />
      )}
      <Workers workers={data.workers} />
    </>
  );
}
