import { useState } from "preact/hooks";
import { all } from "../../lib/api.ts";
import { ago, count } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import type { Account } from "../../lib/types.ts";
import { Loading, ProblemNotice } from "../../ui/controls.tsx";
import { VirtualList } from "../../ui/virtual_list.tsx";

const mostUsers = 20_000;
const rowHeight = 44;
const looks: Record<string, string> = { active: "good", cancelled: "idle", grace: "warn", expired: "bad", none: "idle" };

export function UsersPart() {
  const { data, problem } = useLoad("users", (signal) => all<Account>("/api/admin/users", mostUsers, signal));
  const [text, setText] = useState("");
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="users" />;
  const wanted = text.trim().toLowerCase();
  const shown = data.filter((one) => `${one.email} ${one.name ?? ""} ${one.plan?.name ?? ""}`.toLowerCase().includes(wanted));
  const now = Date.now();
  return (
    <>
      <header class="row filters">
        <h1>Users</h1>
        <span class="soft" role="status">
          {count(shown.length, "user")}
        </span>
        <span class="grow" />
        <input
          type="search"
          aria-label="Find users"
          placeholder="Address, name, plan"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </header>
      <div class="card flush">
        <VirtualList
          items={shown}
          rowHeight={rowHeight}
          label="Users"
          row={(one) => (
            <div class="fleet-row" role="listitem" key={one.id}>
              <strong>{one.email}</strong>
              <span class="soft">{one.role}</span>
              <span class={`badge ${looks[one.subscription.standing] ?? "idle"}`}>
                {one.plan ? `${one.plan.name}, ${one.subscription.standing}` : "no plan"}
              </span>
              <span class="soft">{count(one.usage.bots, "bot")}</span>
              <span class="soft">{ago(one.createdAt, now)}</span>
            </div>
          )}
        />
      </div>
    </>
  );
}
