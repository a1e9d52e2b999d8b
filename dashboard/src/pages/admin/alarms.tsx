import { get } from "../../lib/api.ts";
import { ago } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import type { Page } from "../../lib/types.ts";

const renewMs = 10_000;

interface Alarm {
  id: string;
  kind: string;
  state: "raised" | "cleared";
  cause: string;
  nextAction: string;
  raisedAt: string;
  clearedAt: string | null;
}

/** What is wrong now, on whichever page an operator looks first. */
export function Alarms() {
  const { data } = useLoad("alarms", (signal) => get<Page<Alarm>>("/api/admin/alarms?limit=50", signal), renewMs);
  const raised = data?.items.filter((alarm) => alarm.state === "raised") ?? [];
  return (
    <>
      {raised.map((alarm) => (
        <div key={alarm.id} class="notice bad" role="alert">
          <p>
            <strong>{alarm.cause}</strong> {alarm.nextAction}{" "}
            <span class="soft">Raised {ago(alarm.raisedAt, Date.now())}.</span>
          </p>
        </div>
      ))}
    </>
  );
}
