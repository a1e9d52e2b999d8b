import { useState } from "preact/hooks";
import { get, query } from "../../lib/api.ts";
import { actions, botOf, whatWasDone } from "../../lib/audit_words.ts";
import { dateAndTime } from "../../lib/format.ts";
import { useAction, useLoad } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
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

const dayMs = 86_400_000;
const reaches = [
  { days: 0, title: "Of all time" },
  { days: 1, title: "Last day" },
  { days: 7, title: "Last week" },
  { days: 30, title: "Last 30 days" },
];

function What({ line }: { line: AuditLine }) {
  const words = whatWasDone(line.action, line.target);
  return words ? <span title={line.action}>{words}</span> : <span class="mono">{line.action}</span>;
}

function Target({ line }: { line: AuditLine }) {
  const bot = botOf(line.action, line.target);
  if (bot === null) return <>{line.target}</>;
  return (
    <>
      <Link href={`/bots/${bot}`}>{bot}</Link>
      {line.target.slice(bot.length)}
    </>
  );
}

/** A request's outcome is its status, a command's its exit code. */
function Outcome({ line }: { line: AuditLine }) {
  const good = line.outcome < 400 && (line.actor !== "operator" || line.outcome === 0);
  const word = good ? "done" : line.outcome >= 400 && line.outcome < 500 ? "refused" : "failed";
  return (
    <span class={`badge ${good ? "good" : "bad"}`}>
      {word} {line.outcome === 0 ? "" : line.outcome}
    </span>
  );
}

export function AuditPart() {
  const [days, setDays] = useState(0);
  const [action, setAction] = useState("");
  const since = days === 0 ? null : new Date(Date.now() - days * dayMs).toISOString().slice(0, 13) + ":00:00Z";
  const path = query("/api/admin/audit", { since, action });
  const [more, setMore] = useState<{ path: string; page: Page<AuditLine> } | null>(null);
  const load = (signal: AbortSignal) => get<Page<AuditLine>>(query(path, { limit: 100 }), signal);
  const { data, problem } = useLoad(path, load);
  const { busy, problem: refused, run } = useAction();
  const page = more?.path === path ? more.page : data;
  const older = () =>
    run("older", async () => {
      const next = await get<Page<AuditLine>>(query(path, { limit: 200, after: page!.next }));
      setMore({ path, page: { items: [...page!.items, ...next.items], next: next.next } });
    });
  return (
    <>
      <header class="row filters">
        <h1>Audit</h1>
        <span class="grow" />
        <select aria-label="What was done" value={action} onChange={(event) => setAction(event.currentTarget.value)}>
          <option value="">Everything</option>
          {Object.entries(actions).map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
        <select aria-label="How far back" value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
          {reaches.map((reach) => (
            <option key={reach.days} value={reach.days}>
              {reach.title}
            </option>
          ))}
        </select>
        <a class="button plain" href={query(path, { format: "csv" })} download="hatchery-audit.csv">
          Download as CSV
        </a>
      </header>
      <ProblemNotice problem={problem ?? refused} />
      {!page && !problem && <Loading what="the audit log" />}
      {page?.items.length === 0 && <Empty title={action || days > 0 ? "Nothing fits" : "Nothing has been changed yet"} />}
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
                  <td>
                    <What line={line} />
                  </td>
                  <td class="mono soft">
                    <Target line={line} />
                  </td>
                  <td class="soft">{line.address}</td>
                  <td>
                    <Outcome line={line} />
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
