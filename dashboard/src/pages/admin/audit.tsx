import { useState } from "preact/hooks";
import { get, query } from "../../lib/api.ts";
import { dateAndTime } from "../../lib/format.ts";
import { useAction, useLoad } from "../../lib/hooks.ts";
import type { Page } from "../../lib/types.ts";
import { Button, Empty, Loading, ProblemNotice } from "../../ui/controls.tsx";

interface AuditLine {
  seq: number;
  at: string;
  actor: string;
  actorName: string;
  action: string;
  target: string;
  address: string;
  outcome: number;
}

export function AuditPart() {
  const [more, setMore] = useState<Page<AuditLine> | null>(null);
  const { data, problem } = useLoad("audit", (signal) => get<Page<AuditLine>>("/api/admin/audit?limit=100", signal));
  const { busy, problem: refused, run } = useAction();
  const page = more ?? data;
  const older = () =>
    run("older", async () => {
      const next = await get<Page<AuditLine>>(query("/api/admin/audit", { limit: 200, after: page!.next }));
      setMore({ items: [...page!.items, ...next.items], next: next.next });
    });
  return (
    <>
      <header class="row spread">
        <h1>Audit</h1>
        <a class="button plain" href="/api/admin/audit?format=csv" download="hatchery-audit.csv">
          Download as CSV
        </a>
      </header>
      <ProblemNotice problem={problem ?? refused} />
      {!page && !problem && <Loading what="the audit log" />}
      {page?.items.length === 0 && <Empty title="Nothing has been changed yet" />}
      {page && page.items.length > 0 && (
        <div class="card flush scroll">
          <table class="stack">
            <thead>
              <tr>
                <th>Time</th>
                <th>Who</th>
                <th>What</th>
                <th>To</th>
                <th>From</th>
                <th>Outcome</th>
              </tr>
            </thead>
            <tbody>
              {page.items.map((line) => (
                <tr key={line.seq}>
                  <td class="soft">{dateAndTime(line.at)}</td>
                  <td>
                    {line.actorName} <span class="soft">{line.actor}</span>
                  </td>
                  <td class="mono">{line.action}</td>
                  <td class="mono soft">{line.target}</td>
                  <td class="soft">{line.address}</td>
                  <td>
                    <span class={`badge ${line.outcome < 400 ? "good" : "bad"}`}>{line.outcome}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {page?.next && (
        <div class="row">
          <Button busy={busy !== null} onClick={() => void older()}>
            Earlier
          </Button>
        </div>
      )}
    </>
  );
}
