import { useCallback, useState } from "preact/hooks";
import { all } from "../../lib/api.ts";
import { byAge, byValue } from "../../lib/filters.ts";
import { ago, count } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import type { Account } from "../../lib/types.ts";
import { Loading, ProblemNotice } from "../../ui/controls.tsx";
import { FilteredList } from "../../ui/filtered_list.tsx";
import { AccountDialog, StandingBadge } from "./account_dialog.tsx";

const mostUsers = 20_000;

const filters = [
  byValue<Account>("plan", "Plan", (one) => one.plan?.name),
  byValue<Account>("standing", "Subscription", (one) => one.subscription.standing),
  byValue<Account>("role", "Role", (one) => one.role),
  byAge<Account>((one) => one.createdAt),
];
const said = (one: Account) => `${one.email} ${one.name ?? ""} ${one.id}`;

export function UsersPart() {
  const { data, problem, reload } = useLoad("users", (signal) => all<Account>("/api/admin/users", mostUsers, signal));
  const [open, setOpen] = useState<Account | null>(null);
  const row = useCallback(
    (one: Account, now: number) => (
      <div class="list-row users" role="listitem" key={one.id}>
        <button type="button" class="link" onClick={() => setOpen(one)}>
          {one.email}
        </button>
        <StandingBadge account={one} />
        <span class="soft">{one.name}</span>
        <span class="soft">{one.role}</span>
        <span class="soft">{count(one.usage.bots, "bot")}</span>
        <span class="soft right">{ago(one.createdAt, now)}</span>
      </div>
    ),
    [],
  );
  if (!data) return problem ? <ProblemNotice problem={problem} /> : <Loading what="users" />;
  const close = () => {
    setOpen(null);
    reload();
  };
  return (
    <>
      <ProblemNotice problem={problem} />
      <FilteredList title="Users" one="user" items={data} filters={filters} said={said} placeholder="Address or name" row={row} />
      {open && <AccountDialog account={open} onClose={close} />}
    </>
  );
}
