import { get } from "../lib/api.ts";
import { count, dateAndTime } from "../lib/format.ts";
import { useLoad } from "../lib/hooks.ts";
import type { Account } from "../lib/types.ts";

/** What the account has, of what its plan allows; nothing where there are no plans. */
export function PlanLine() {
  const { data } = useLoad("me", (signal) => get<Account>("/api/me", signal));
  if (!data?.plan) return null;
  const { standing, stopsAt } = data.subscription;
  return (
    <>
      {(standing === "grace" || standing === "expired") && (
        <p class="notice bad" role="alert">
          <strong>Your subscription has {standing === "grace" ? "not been paid" : "ended"}.</strong>{" "}
          {stopsAt && `Your bots stop on ${dateAndTime(stopsAt)}.`}
        </p>
      )}
      <p class="soft">
        {count(data.usage.bots, "bot")} of {data.plan.bots} in the plan {data.plan.name}
      </p>
    </>
  );
}
