import { date } from "./format.ts";
import type { Account } from "./types.ts";

export interface SubscriptionChange {
  plan: string;
  status: "active" | "cancelled";
  periodEnd: string | null;
}

/** What a change of the subscription comes to, for whoever is to say yes to it. */
export function changeInWords(account: Account, change: SubscriptionChange): string {
  const before = account.subscription.plan;
  const plan = before === change.plan ? `keeps the plan ${change.plan}` : `gets the plan ${change.plan}${before ? ` instead of ${before}` : ""}`;
  if (!change.periodEnd) return `${account.email} ${plan}, paid without an end.`;
  const end = date(change.periodEnd);
  const past = Date.parse(change.periodEnd) <= Date.now();
  if (past) return `${account.email} ${plan}, but it has not been paid since ${end}: the bots stop once the time of grace is over.`;
  return `${account.email} ${plan}, paid until ${end}${change.status === "cancelled" ? ", and then it ends and the bots stop" : ""}.`;
}
