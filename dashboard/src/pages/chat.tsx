import { useEffect, useRef, useState } from "preact/hooks";
import { get, post, query } from "../lib/api.ts";
import { clock } from "../lib/format.ts";
import { asProblem, useAction, useLoad, useTitle } from "../lib/hooks.ts";
import { Link } from "../lib/router.tsx";
import { mayChange, useSession } from "../lib/session.ts";
import type { Bot, Job, Page } from "../lib/types.ts";
import { Button, Loading, ProblemNotice } from "../ui/controls.tsx";

const shownTurns = 50;
const waitSeconds = 25;

const ended = (job: Job): boolean => job.status !== "PENDING" && job.status !== "RUNNING";

/** The turn that goes on can be given up: an answer may take minutes. */
function CancelTurn({ job }: { job: Job }) {
  const { busy, problem, run } = useAction();
  const [asked, setAsked] = useState(false);
  const cancel = async () => {
    if (await run("cancel", () => post(`/api/jobs/${job.jobId}/cancel`))) setAsked(true);
  };
  return (
    <>
      <Button busy={busy !== null || asked} onClick={() => void cancel()}>
        {asked ? "Cancelling" : "Cancel"}
      </Button>
      <ProblemNotice problem={problem} />
    </>
  );
}

function Turn({ job, changes }: { job: Job; changes: boolean }) {
  return (
    <>
      <li class="said mine">
        <p>{job.payload.message}</p>
        <time>{clock(job.createdAt)}</time>
      </li>
      <li class={`said theirs${job.error ? " bad" : ""}`}>
        {!ended(job) && (
          <>
            <p>
              <span class="spinner" aria-hidden="true" /> thinking…
            </p>
            {changes && <CancelTurn job={job} />}
          </>
        )}
        {job.status === "COMPLETED" && <p>{job.result?.reply}</p>}
        {job.status === "CANCELLED" && <p class="soft">cancelled</p>}
        {job.error && (
          <p>
            <strong>{job.error.message}</strong> {job.error.nextAction}
          </p>
        )}
      </li>
    </>
  );
}

/** The latest turns with the bot, oldest first; each is waited for until it has ended. */
function useTurns(id: string) {
  const [turns, setTurns] = useState<Job[]>([]);
  const keep = (job: Job) =>
    setTurns((old) => {
      const at = old.findIndex((one) => one.jobId === job.jobId);
      return at < 0 ? [...old, job] : old.map((one, i) => (i === at ? job : one));
    });
  const first = useLoad(id, async (signal) => {
    const path = query("/api/jobs", { type: "CHAT", botId: id, limit: shownTurns });
    const [bot, page] = await Promise.all([
      get<Bot>(`/api/bots/${id}`, signal),
      get<Page<Job>>(path, signal),
    ]);
    setTurns(page.items.reverse());
    return bot;
  });
  const open = turns.find((job) => !ended(job))?.jobId;
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    const wait = async () => {
      while (!abort.signal.aborted) {
        try {
          const job = await get<Job>(query(`/api/jobs/${open}`, { wait: waitSeconds }), abort.signal);
          keep(job);
          if (ended(job)) return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 1_000));
        }
      }
    };
    void wait();
    return () => abort.abort();
  }, [open]);
  return { bot: first.data, problem: first.problem, turns, keep };
}

export function ChatPage({ id }: { id: string }) {
  const session = useSession();
  const { bot, problem, turns, keep } = useTurns(id);
  const [text, setText] = useState("");
  const [refused, setRefused] = useState<ReturnType<typeof asProblem> | null>(null);
  const end = useRef<HTMLDivElement>(null);
  useTitle(bot ? `Chat with ${bot.name}` : "Chat");
  useEffect(() => end.current?.scrollIntoView({ block: "end" }), [turns]);

  const say = async () => {
    const message = text.trim();
    if (!message) return;
    setText("");
    setRefused(null);
    try {
      const { jobId } = await post<{ jobId: string }>("/api/jobs", { type: "CHAT", payload: { botId: id, message } });
      keep(await get<Job>(`/api/jobs/${jobId}`));
    } catch (error) {
      setText(message);
      setRefused(asProblem(error));
    }
  };

  if (!bot) return problem ? <ProblemNotice problem={problem} /> : <Loading what="the chat" />;
  return (
    <div class="page narrow chat">
      <header class="row spread">
        <h1>{bot.name}</h1>
        <Link href={`/bots/${id}`}>Back to the bot</Link>
      </header>
      <ol class="turns" aria-live="polite" aria-label="Conversation">
        {turns.length === 0 && <li class="soft">Say something. The answer comes from the bot's own server.</li>}
        {turns.map((job) => (
          <Turn key={job.jobId} job={job} changes={mayChange(session)} />
        ))}
      </ol>
      <div ref={end} />
      <ProblemNotice problem={refused} />
      {mayChange(session) && (
        <form
          class="say"
          onSubmit={(event) => {
            event.preventDefault();
            void say();
          }}
        >
          <label class="sr-only" for="say">
            Message
          </label>
          <textarea
            id="say"
            rows={2}
            value={text}
            placeholder="Message"
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
                event.preventDefault();
                void say();
              }
            }}
          />
          <Button type="submit" look="primary" disabled={text.trim() === ""}>
            Send
          </Button>
        </form>
      )}
    </div>
  );
}
