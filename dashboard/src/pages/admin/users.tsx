import { useCallback, useState } from "preact/hooks";
import { all } from "../../lib/api.ts";
import { byAge, byValue } from "../../lib/filters.ts";
import { ago, count } from "../../lib/format.ts";
import { useLoad } from "../../lib/hooks.ts";
import type { Account } from "../../lib/types.ts";
import { Loading, ProblemNotice } from "../../ui/controls.tsx";
import { FilteredList, type ListLook } from "../../ui/filtered_list.tsx";
import { AccountDialog, StandingBadge } from "./account_dialog.tsx";

const mostUsers = 20_000;

const list: ListLook<Account> = {
  title: "Users",
  one: "user",
  look: "users",
  placeholder: "Address or name",
  columns: ["Address", "Subscription", "Name", "Role", "Bots", "Since"],
  filters: [
    byValue("plan", "Plan", (one) => one.plan?.name),
    byValue("standing", "Subscription", (one) => one.subscription.standing),
    byValue("role", "Role", (one) => one.role),
    byAge((one) => one.createdAt),
  ],
  said: (one) => `${one.email} ${one.name ?? ""} ${one.id}`,
};

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
      <FilteredList {...list} items={data} row={row} />
      {open && <AccountDialog account={open} onClose={close} />}
    </>
  );
}
