import { useState } from "preact/hooks";
import { all, post, query } from "../../lib/api.ts";
import { ago, count, duration, inProgress, inWords } from "../../lib/format.ts";
import { useAction, useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import { mayChange, useSession } from "../../lib/session.ts";
import type { Operation } from "../../lib/types.ts";
import { Button, Empty, Loading, ProblemNotice, StateBadge } from "../../ui/controls.tsx";

const renewMs = 4_000;
/** More at once are a storm, of which the oldest tell enough. */
const mostShown = 1_000;

interface LiveOperation extends Omit<Operation, "steps"> {
  botName: string;
  step: string | null;
  message: string;
  stuck: { reason: string; cause: string; nextAction: string } | null;
}

function Row({ operation, now, cancel, busy }: { operation: LiveOperation; now: number; cancel: () => void; busy: boolean }) {
  const session = useSession();
  return (
    <tr class={operation.stuck ? "stuck" : undefined}>
      <td>
        <Link href={`/bots/${operation.botId}`}>{operation.botName}</Link>
      </td>
      <td>{inProgress(operation.kind)}</td>
      <td>
        <StateBadge state={operation.state} />
      </td>
      <td>
        {operation.step && inWords(operation.step)}
        <span class="soft small block">
          {operation.stuck ? (
            <>
              <strong class="bad-text">{operation.stuck.cause}</strong> {operation.stuck.nextAction}
            </>
          ) : (
            operation.message
          )}
        </span>
      </td>
      <td class="soft">{ago(operation.createdAt, now)}</td>
      <td class="soft">{duration(Date.parse(operation.deadlineAt) - now)} left</td>
      <td>
        {mayChange(session) && operation.kind !== "destroy" && !operation.cancelRequested && (
          <Button busy={busy} onClick={cancel}>
            Cancel
          </Button>
        )}
      </td>
    </tr>
  );
}

export function OperationsPart() {
  const [stuck, setStuck] = useState(false);
  const { data, problem, reload } = useLoad(
    `operations ${stuck}`,
    (signal) => all<LiveOperation>(query("/api/admin/operations", { stuck: stuck ? "true" : null }), mostShown, signal),
    renewMs,
  );
  const { busy, problem: refused, run } = useAction();
  const now = Date.now();
  const cancel = (operation: LiveOperation) =>
    run(operation.id, async () => {
      await post(`/api/jobs/${operation.id}/cancel`);
      reload();
    });
  return (
    <>
      <header class="row filters">
        <h1>Under way</h1>
        {data && <span class="soft">{count(data.length, "operation")}</span>}
        <span class="grow" />
        <label class="row tick">
          <input type="checkbox" checked={stuck} onChange={(event) => setStuck(event.currentTarget.checked)} /> Stuck
          ones only
        </label>
      </header>
      <ProblemNotice problem={problem ?? refused} />
      {!data && !problem && <Loading what="operations" />}
      {data?.length === 0 && <Empty title={stuck ? "Nothing is stuck" : "Nothing is under way"} />}
      {data && data.length > 0 && (
        <div class="card flush scroll">
          <table class="stack">
            <thead>
              <tr>
                <th>Bot</th>
                <th>Operation</th>
                <th>State</th>
                <th>Step</th>
                <th>Began</th>
                <th>Deadline</th>
                <th>
                  <span class="sr-only">Action</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((operation) => (
                <Row
                  key={operation.id}
                  operation={operation}
                  now={now}
                  busy={busy === operation.id}
                  cancel={() => void cancel(operation)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
