import { useState } from "preact/hooks";
import { put, query } from "../../lib/api.ts";
import { count, date } from "../../lib/format.ts";
import { useAction } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import { mayChange, useSession } from "../../lib/session.ts";
import { changeInWords, type SubscriptionChange } from "../../lib/subscription.ts";
import type { Account } from "../../lib/types.ts";
import { Button, Dialog, Facts, Field, ProblemNotice } from "../../ui/controls.tsx";

const looks: Record<string, string> = { active: "good", cancelled: "idle", grace: "warn", expired: "bad", none: "idle" };
const plans = ["starter", "pro", "enterprise"];

export function StandingBadge({ account }: { account: Account }) {
  const { standing } = account.subscription;
  return (
    <span class={`badge ${looks[standing] ?? "idle"}`}>
      {account.plan ? account.plan.name : "no plan"}
      {standing === "none" ? account.plan && ", by default" : `, ${standing}`}
    </span>
  );
}

interface ChangeProps {
  account: Account;
  onDone: () => void;
  onKeep: () => void;
}

/** Two moves: what it shall be, and, said in a sentence, whether that is meant. */
function ChangeSubscription({ account, onDone, onKeep }: ChangeProps) {
  const { subscription } = account;
  const [change, setChange] = useState<SubscriptionChange>({
    plan: subscription.plan ?? "starter",
    status: subscription.status ?? "active",
    periodEnd: subscription.periodEnd,
  });
  const [asked, setAsked] = useState(false);
  const { busy, problem, run, clear } = useAction();
  const set = (part: Partial<SubscriptionChange>) => {
    setChange({ ...change, ...part });
    clear();
  };
  const save = () => run("save", () => put(`/api/admin/users/${account.id}/subscription`, change));
  if (asked) {
    return (
      <>
        <p class="notice">{changeInWords(account, change)}</p>
        <ProblemNotice problem={problem} />
        <div class="row end">
          <Button onClick={() => setAsked(false)}>Back</Button>
          <Button
            look="primary"
            busy={busy !== null}
            onClick={async () => {
              if (await save()) onDone();
            }}
          >
            Yes, change it
          </Button>
        </div>
      </>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
      }}
    >
      <div class="columns">
        <Field label="Plan" wrong={problem?.field("plan")}>
          {({ id }) => (
            <select id={id} value={change.plan} onChange={(event) => set({ plan: event.currentTarget.value })}>
              {plans.map((plan) => (
                <option key={plan}>{plan}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Renewal">
          {({ id }) => (
            <select
              id={id}
              value={change.status}
              onChange={(event) => set({ status: event.currentTarget.value as SubscriptionChange["status"] })}
            >
              <option value="active">renews</option>
              <option value="cancelled">cancelled: ends with the period</option>
            </select>
          )}
        </Field>
      </div>
      <Field label="Paid until" wrong={problem?.field("periodEnd")} hint="Empty for no end: paid for good. Midnight UTC.">
        {({ id, describedBy, invalid }) => (
          <input
            id={id}
            type="date"
            value={change.periodEnd?.slice(0, 10) ?? ""}
            aria-describedby={describedBy}
            aria-invalid={invalid}
            onInput={(event) => {
              const day = event.currentTarget.value;
              set({ periodEnd: day === "" ? null : `${day}T00:00:00Z` });
            }}
          />
        )}
      </Field>
      <div class="row end">
        <Button onClick={onKeep}>Keep</Button>
        <Button type="submit" look="primary">
          Go on
        </Button>
      </div>
    </form>
  );
}

interface AccountDialogProps {
  account: Account;
  onClose: () => void;
}

/** What a user has and pays for; staff that may change things changes the subscription here. */
export function AccountDialog({ account, onClose }: AccountDialogProps) {
  const session = useSession();
  const [changing, setChanging] = useState(false);
  const { subscription, plan, usage } = account;
  const day = (time: string | null | undefined) => (time ? date(time) : "–");
  return (
    <Dialog title={account.email} onClose={onClose}>
      <Facts
        facts={[
          ["Name", account.name ?? "–"],
          ["Role", account.role],
          ["Since", date(account.createdAt)],
          ["Bots", plan ? `${usage.bots} of ${plan.bots}` : String(usage.bots)],
          ["Servers", String(usage.servers)],
          ["Subscription", <StandingBadge account={account} />],
          ["Paid until", subscription.status && !subscription.periodEnd ? "no end" : day(subscription.periodEnd)],
          ["Bots stop", day(subscription.stopsAt)],
          ["Bots are deleted", day(subscription.destroysAt)],
        ]}
      />
      {changing ? (
        <ChangeSubscription account={account} onDone={onClose} onKeep={() => setChanging(false)} />
      ) : (
        <div class="row end">
          {usage.bots > 0 && (
            <Link class="button plain" href={query("/admin/fleet", { owner: account.email })}>
              {count(usage.bots, "bot")}
            </Link>
          )}
          {mayChange(session) && <Button onClick={() => setChanging(true)}>Change subscription</Button>}
        </div>
      )}
    </Dialog>
  );
}
