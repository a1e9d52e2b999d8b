import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, post, type Problem } from "../lib/api.ts";
import { forgetRefusal, noteOf } from "../lib/deploy_note.ts";
import { ago, count, inProgress, leftOut, money, moneys, monthName } from "../lib/format.ts";
import { useAction, useLoad, useTitle } from "../lib/hooks.ts";
import { Link } from "../lib/router.tsx";
import { mayChange, useSession } from "../lib/session.ts";
import type { Bot, BotCosts, Deployment, Messages, Operation, Server } from "../lib/types.ts";
import { DeleteDialog } from "../ui/delete_dialog.tsx";
import { Button, Facts, Loading, ProblemNotice, StatusBadge } from "../ui/controls.tsx";
import { LogView } from "../ui/log_view.tsx";
import { PeopleDialog, Welcome } from "../ui/people.tsx";
import { ModelDialog, TokenDialog } from "../ui/settings_dialogs.tsx";
import { isLive, Timeline } from "../ui/timeline.tsx";

const renewMs = 10_000;
/** While somebody writes to the bot in order to appear here. */
const soonMs = 2_500;
/** Several lines that come together are one reason to look again. */
const settleMs = 120;

type Open = "model" | "token" | "people" | "delete" | null;

/** Whether something is under way that keeps changes waiting; a chat keeps nothing. */
const isBusy = (operation: Operation | null | undefined): boolean =>
  operation != null && isLive(operation.state) && operation.kind !== "chat";

interface ActionsProps {
  bot: Bot;
  deployment: Deployment;
  busy: string | null;
  act: (word: string) => void;
  open: (dialog: Open) => void;
}

/** What can be done with the bot now; the likeliest first. What an operation keeps from it waits for its end. */
function Actions({ bot, deployment, busy, act, open }: ActionsProps) {
  const operation = deployment.operation;
  const live = operation !== null && isBusy(operation) ? operation : null;
  const hasServer = deployment.server !== null;
  const { status } = deployment;
  const button = (word: string, label: string, look: "primary" | "plain" = "plain") => (
    <Button key={word} look={look} busy={busy === word} disabled={busy !== null} onClick={() => act(word)}>
      {label}
    </Button>
  );
  const later = live ? { disabled: true, title: `${inProgress(live.kind)}: wait for its end, or cancel it` } : {};
  return (
    <div class="actions">
      {live &&
        live.kind !== "destroy" &&
        (live.cancelRequested ? (
          <Button busy>Cancelling</Button>
        ) : (
          button("cancel", `Cancel: ${inProgress(live.kind).toLowerCase()}`)
        ))}
      {status === "active" && live?.kind !== "destroy" && (
        <a class="button primary" href={`https://t.me/${bot.telegramUsername}`} target="_blank" rel="noreferrer">
          Open in Telegram
        </a>
      )}
      {status === "active" && !live && (
        <Link class="button plain" href={`/bots/${bot.id}/chat`}>
          Chat here
        </Link>
      )}
      {!live && !hasServer && button("deploy", status === "pending" ? "Deploy" : "Deploy again", status === "failed" ? "plain" : "primary")}
      {!live && hasServer && (status === "stopped" || status === "failed") && button("start", "Start", "primary")}
      {!live && hasServer && (status === "active" || status === "failed") && button("restart", "Restart")}
      {!live && status === "active" && button("stop", "Stop")}
      <Button {...later} onClick={() => open("model")}>
        Change model
      </Button>
      <Button {...later} onClick={() => open("token")}>
        Replace token
      </Button>
      <Button {...later} look="danger" onClick={() => open("delete")}>
        Delete
      </Button>
    </div>
  );
}

/** Why it failed, in a sentence, and the one thing to do about it. */
function FailureNotice({ deployment, act, open, busy }: Omit<ActionsProps, "bot">) {
  const operation = deployment.operation;
  const error = operation && operation.kind !== "chat" && operation.state === "failed" ? operation.error : null;
  const cause = error?.message ?? (deployment.status === "failed" ? deployment.statusReason : null);
  if (!cause) return null;
  const again = deployment.server ? "restart" : "deploy";
  // A provider refuses a token, too, but that one is the operator's.
  const atProvider = operation?.steps.some((step) => step.state === "failed" && step.kind === "provision_server");
  return (
    <div class="notice bad failure" role="alert">
      <p>
        <strong>{cause}</strong> {error?.nextAction}
      </p>
      <div class="row">
        {error?.kind === "unauthorized" && !atProvider ? (
          <Button look="primary" onClick={() => open("token")}>
            Replace the token
          </Button>
        ) : (
          <Button look="primary" busy={busy === again} disabled={busy !== null} onClick={() => act(again)}>
            {again === "deploy" ? "Deploy again" : "Restart"}
          </Button>
        )}
      </div>
    </div>
  );
}

/** How many came within a day, and whether any of them waits or was given up. */
function messagesInWords(messages: Messages, now: number): string {
  if (messages.received === null) return "fetched by the bot itself";
  const parts = [`${messages.received.toLocaleString()} in 24 hours`];
  if (messages.waiting > 0) parts.push(`${messages.waiting.toLocaleString()} waiting`);
  if (messages.failed > 0) parts.push(`${messages.failed.toLocaleString()} given up`);
  if (messages.lastAt) parts.push(`last ${ago(messages.lastAt, now)}`);
  return parts.join(", ");
}

/** What the server costs a month, what the bot has cost in this one, and in those before. */
function BotCost({ server, costs }: { server: Server | null; costs: BotCosts }) {
  const byMonth = new Map<string, { known: string; left: string }>();
  for (const month of new Set(costs.months.map((one) => one.month))) {
    const sums = costs.months.filter((one) => one.month === month);
    const known = moneys(sums.flatMap((one) => one.cost ?? []));
    const left = leftOut(sums.reduce((n, one) => n + one.unpricedServers, 0));
    byMonth.set(month, { known: known || "nothing known", left });
  }
  const soFar = byMonth.get(costs.month);
  byMonth.delete(costs.month);
  return (
    <>
      {server ? (server.cost ? `${money(server.cost)} a month` : "a month: not known yet") : "nothing now"}
      {soFar && (
        <span class="soft small block">
          {soFar.known} so far this month{soFar.left}
        </span>
      )}
      {byMonth.size > 0 && (
        <details class="small">
          <summary>Earlier months</summary>
          <ul class="plain-list">
            {[...byMonth].map(([month, spent]) => (
              <li key={month} class="row spread">
                <span class="soft">{monthName(month)}</span> {spent.known}
                {spent.left}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

interface BotFactsProps {
  bot: Bot;
  deployment: Deployment;
  messages: Messages;
  costs: BotCosts;
  /** Absent for those who only look. */
  changePeople: (() => void) | undefined;
}

function BotFacts({ bot, deployment, messages, costs, changePeople }: BotFactsProps) {
  const { server, health } = deployment;
  return (
    <Facts
      look="card"
      facts={[
        ["Model", bot.model],
        ["Server", server ? `${server.type} in ${server.region}` : "none"],
        ["Cost", <BotCost server={server} costs={costs} />],
        [
          "Health",
          <>
            {health ? (health.state === "ok" ? "answers" : health.state) : "–"}
            {health?.reason && <span class="soft small"> {health.reason}</span>}
          </>,
        ],
        ["Messages", messagesInWords(messages, Date.now())],
        [
          "May talk to it",
          <>
            {bot.allowedTelegramUserIds.length === 0
              ? "nobody yet"
              : count(bot.allowedTelegramUserIds.length, "person", "people")}{" "}
            {changePeople && (
              <button type="button" class="link" aria-label="Change who may talk to it" onClick={changePeople}>
                Change
              </button>
            )}
          </>,
        ],
      ]}
    />
  );
}

/** A running bot that talks to nobody: its owner does not know yet what is left to do. */
const talksToNobody = (data: { bot: Bot; deployment: Deployment } | null): boolean =>
  data !== null && data.deployment.status === "active" && data.bot.allowedTelegramUserIds.length === 0;

function useBot(id: string, everyMs: number) {
  return useLoad(
    id,
    async (signal) => {
      const [bot, deployment, messages, costs] = await Promise.all([
        get<Bot>(`/api/bots/${id}`, signal),
        get<Deployment>(`/api/deploy/${id}/status`, signal),
        get<Messages>(`/api/bots/${id}/messages`, signal),
        get<BotCosts>(`/api/bots/${id}/costs`, signal),
      ]);
      return { bot, deployment, messages, costs };
    },
    everyMs,
  );
}

function Gone({ problem, deleted }: { problem: Problem; deleted: boolean }) {
  if (deleted) {
    return (
      <div class="page">
        <div class="notice good" role="status">
          <p>
            <strong>The bot is deleted.</strong> Its server is gone and nothing is billed for it any more.
          </p>
          <div class="row">
            <Link class="button primary" href="/">
              To your bots
            </Link>
          </div>
        </div>
      </div>
    );
  }
  return (
    <div class="page">
      <ProblemNotice problem={problem}>
        <Link class="button plain" href="/">
          To your bots
        </Link>
      </ProblemNotice>
    </div>
  );
}

export function BotPage({ id }: { id: string }) {
  const session = useSession();
  const [awaited, setAwaited] = useState(false);
  const { data, problem, reload } = useBot(id, awaited ? soonMs : renewMs);
  const lonely = talksToNobody(data);
  useEffect(() => setAwaited(lonely), [lonely]);
  const { busy, problem: refused, run } = useAction();
  const [dialog, setDialog] = useState<Open>(null);
  /** A deletion may be over before anybody has seen it under way. */
  const deleting = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useTitle(data?.bot.name ?? "Bot");
  useEffect(() => () => clearTimeout(timer.current), []);
  const lookAgain = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(reload, settleMs);
  }, [reload]);

  const operation = data?.deployment.operation;
  if (operation) forgetRefusal(id);
  if (operation?.kind === "destroy") deleting.current = true;
  if (problem?.status === 404) return <Gone problem={problem} deleted={deleting.current} />;
  if (!data) return problem ? <Gone problem={problem} deleted={false} /> : <Loading what="the bot" />;
  const { bot, deployment } = data;
  const note = noteOf(id);

  const act = (word: string) =>
    run(word, async () => {
      if (word === "deploy") await post("/api/deploy", { botId: id });
      else await post(`/api/deploy/${id}/${word}`);
      reload();
    });
  const close = () => {
    setDialog(null);
    reload();
  };
  const common = { deployment, busy, act, open: setDialog };
  return (
    <div class="page bot">
      <header class="bot-head">
        <div>
          <h1>{bot.name}</h1>
          <span class="soft">@{bot.telegramUsername}</span>
        </div>
        <StatusBadge status={deployment.status} condition={deployment.condition} />
        {mayChange(session) && <Actions bot={bot} {...common} />}
      </header>
      <ProblemNotice problem={refused ?? problem ?? (deployment.status === "pending" ? (note?.problem ?? null) : null)} />
      <FailureNotice {...common} />
      {mayChange(session) && lonely && (
        <Welcome
          bot={bot}
          messages={data.messages}
          waits={isBusy(operation)}
          onChanged={reload}
          byNumber={() => setDialog("people")}
        />
      )}
      <div class="bot-body">
        <aside>
          {operation && operation.kind !== "chat" && <Timeline operation={operation} expectedSeconds={note?.expectedSeconds} />}
          <BotFacts
            bot={bot}
            deployment={deployment}
            messages={data.messages}
            costs={data.costs}
            changePeople={mayChange(session) ? () => setDialog("people") : undefined}
          />
        </aside>
        <LogView botId={id} onChange={lookAgain} />
      </div>
      {dialog === "model" && <ModelDialog bot={bot} onClose={close} />}
      {dialog === "token" && <TokenDialog bot={bot} onClose={close} />}
      {dialog === "people" && <PeopleDialog bot={bot} messages={data.messages} waits={isBusy(operation)} onChanged={reload} onClose={close} />}
      {dialog === "delete" && <DeleteDialog bot={bot} onDeleting={() => (deleting.current = true)} onClose={close} />}
    </div>
  );
}

