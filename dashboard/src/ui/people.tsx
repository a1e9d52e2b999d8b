import { useState } from "preact/hooks";
import { ago } from "../lib/format.ts";
import { useAction } from "../lib/hooks.ts";
import { changePeople, isUserNumber } from "../lib/people.ts";
import type { Bot, Messages, Sender } from "../lib/types.ts";
import { Button, Dialog, Field, ProblemNotice } from "./controls.tsx";

/** A name is what a stranger likes to be called, and may turn the text around it; the number nobody chooses. */
function Who({ sender, id }: { sender: Sender | undefined; id: number }) {
  if (!sender) return <span>User {id}</span>;
  return (
    <span>
      <strong>
        <bdi>{sender.name || "No name"}</bdi>
      </strong>{" "}
      <span class="soft small">
        {sender.username && (
          <>
            <bdi>@{sender.username}</bdi> ·{" "}
          </>
        )}
        number {sender.userId} · wrote {ago(sender.lastAt, Date.now())}
      </span>
    </span>
  );
}

/** Lets people in and out; a running bot knows within seconds. */
function usePeople(bot: Bot, onDone: () => void) {
  const { busy, problem, run } = useAction();
  const save = async (word: string, change: (ids: number[]) => number[]) => {
    const done = await run(word, () => changePeople(bot.id, change));
    if (done) onDone();
    return done;
  };
  const without = (ids: number[], id: number) => ids.filter((one) => one !== id);
  return {
    busy,
    problem,
    letIn: (id: number) => save(`in ${id}`, (ids) => [...without(ids, id), id]),
    takeOut: (id: number) => save(`out ${id}`, (ids) => without(ids, id)),
  };
}

interface WelcomeProps {
  bot: Bot;
  messages: Messages;
  /** Something is under way on the bot that a change would have to wait for. */
  waits: boolean;
  onChanged: () => void;
  byNumber: () => void;
}

/** What is left to do when a bot runs and talks to nobody: its owner writes to it and is let in. */
export function Welcome({ bot, messages, waits, onChanged, byNumber }: WelcomeProps) {
  const { busy, problem, letIn } = usePeople(bot, onChanged);
  const { senders, received } = messages;
  return (
    <div class="notice welcome" role="status">
      {senders.length === 0 ? (
        <div>
          <p>
            <strong>One thing is left: say who may talk to it.</strong>{" "}
            {received === null
              ? "The bot fetches its messages itself, so give the number of your account at Telegram."
              : "Open the bot in Telegram, press Start and write a word: you appear here within seconds, and can be let in."}
          </p>
          <p class="soft small">Until somebody is let in, it answers with a pairing code. You need not use it.</p>
        </div>
      ) : (
        <>
          <p>
            <strong>Who of these may talk to it?</strong> Nobody may yet. Let yourself in, and write to it again.
          </p>
          <p class="soft small">Anybody can choose your name; your number is what @userinfobot tells you.</p>
          <ul class="people" aria-label="Those who wrote">
            {senders.map((sender) => (
              <li key={sender.userId} class="row spread">
                <Who sender={sender} id={sender.userId} />
                <Button
                  look="primary"
                  busy={busy === `in ${sender.userId}`}
                  disabled={waits || busy !== null}
                  onClick={() => void letIn(sender.userId)}
                >
                  Let in
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      {(senders.length > 0 || received === null) && (
        <div class="row">
          <Button onClick={byNumber}>Somebody else, by number</Button>
        </div>
      )}
      <ProblemNotice problem={problem} />
    </div>
  );
}

interface PeopleDialogProps {
  bot: Bot;
  messages: Messages;
  waits: boolean;
  onChanged: () => void;
  onClose: () => void;
}

/** Who may talk to the bot, who wrote to it besides, and anybody by number. */
export function PeopleDialog({ bot, messages, waits, onChanged, onClose }: PeopleDialogProps) {
  const { busy, problem, letIn, takeOut } = usePeople(bot, onChanged);
  const [number, setNumber] = useState("");
  const allowed = bot.allowedTelegramUserIds;
  const others = messages.senders.filter((sender) => !allowed.includes(sender.userId));
  const right = isUserNumber(number.trim());
  return (
    <Dialog title="Who may talk to it" onClose={onClose}>
      <ProblemNotice problem={problem} />
      {allowed.length === 0 && <p class="soft">Nobody yet.</p>}
      <ul class="people" aria-label="Those who may">
        {allowed.map((id) => (
          <li key={id} class="row spread">
            <Who sender={messages.senders.find((sender) => sender.userId === id)} id={id} />
            <Button busy={busy === `out ${id}`} disabled={waits || busy !== null} onClick={() => void takeOut(id)}>
              Take out
            </Button>
          </li>
        ))}
      </ul>
      {waits && <p class="soft small">Something is under way on the bot; when it is over, more can be changed.</p>}
      {others.length > 0 && <h3>Wrote to it, and may not</h3>}
      <ul class="people" aria-label="Those who wrote">
        {others.map((sender) => (
          <li key={sender.userId} class="row spread">
            <Who sender={sender} id={sender.userId} />
            <Button busy={busy === `in ${sender.userId}`} disabled={waits || busy !== null} onClick={() => void letIn(sender.userId)}>
              Let in
            </Button>
          </li>
        ))}
      </ul>
      <form
        class="by-number"
        onSubmit={async (event) => {
          event.preventDefault();
          if (right && (await letIn(Number(number.trim())))) setNumber("");
        }}
      >
        <Field
          label="Somebody else, by number"
          hint="A Telegram user's id: @userinfobot tells each their own."
          wrong={problem?.field("allowedTelegramUserIds")}
        >
          {({ id, describedBy, invalid }) => (
            <input
              id={id}
              inputMode="numeric"
              value={number}
              aria-describedby={describedBy}
              aria-invalid={invalid}
              onInput={(event) => setNumber(event.currentTarget.value)}
            />
          )}
        </Field>
        <Button type="submit" disabled={!right || waits || busy !== null}>
          Let in
        </Button>
      </form>
      <div class="row end">
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}
