import { useEffect, useState } from "preact/hooks";
import { post, type Problem } from "../lib/api.ts";
import { asProblem } from "../lib/hooks.ts";
import type { VerifiedToken } from "../lib/types.ts";
import { Field } from "./controls.tsx";

type Check =
  | { state: "empty" }
  | { state: "checking" }
  | { state: "good"; bot: NonNullable<VerifiedToken["bot"]> }
  | { state: "wrong"; message: string };

const shape = /^\d{5,20}:[A-Za-z0-9_-]{20,100}$/;
const pauseMs = 250;

/** What people paste is often BotFather's whole message: the token in it. */
export function tokenIn(text: string): string {
  const found = /\d{5,20}:[A-Za-z0-9_-]{20,100}/.exec(text);
  return found ? found[0] : text.trim();
}

function shapeProblem(token: string): string {
  if (!token.includes(":")) {
    return "A token has a colon in it, such as 123456789:AAF… Copy the whole line from BotFather.";
  }
  return "This is not a whole token: digits, a colon, and 35 letters. Copy it again from BotFather.";
}

function verdict(answer: VerifiedToken, ownBotId: number | undefined): Check {
  if (!answer.valid || !answer.bot) {
    return { state: "wrong", message: "Telegram does not know this token. Copy it again, or send /token to BotFather for a new one." };
  }
  if (answer.inUse && answer.bot.id !== ownBotId) {
    return {
      state: "wrong",
      message: `@${answer.bot.username} runs here already. Delete that bot first, or make a new one with /newbot.`,
    };
  }
  return { state: "good", bot: answer.bot };
}

const failure = (problem: Problem): Check => ({
  state: "wrong",
  message: problem.field("token") ? `The token ${problem.field("token")}.` : `${problem.message} ${problem.nextAction ?? ""}`,
});

function useTokenCheck(token: string, ownBotId: number | undefined): Check {
  const [check, setCheck] = useState<Check>({ state: "empty" });
  useEffect(() => {
    if (token === "") return setCheck({ state: "empty" });
    if (!shape.test(token)) return setCheck({ state: "wrong", message: shapeProblem(token) });
    setCheck({ state: "checking" });
    let current = true;
    const timer = setTimeout(async () => {
      let result: Check;
      try {
        result = verdict(await post<VerifiedToken>("/api/telegram/verify-token", { token }), ownBotId);
      } catch (error) {
        result = failure(asProblem(error));
      }
      if (current) setCheck(result);
    }, pauseMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [token]);
  return check;
}

interface TokenFieldProps {
  value: string;
  onInput: (token: string) => void;
  /** The bot that the token is for; null while it is none that can be used. */
  onBot: (bot: VerifiedToken["bot"]) => void;
  /** The Telegram bot whose token is replaced: that one may be in use. */
  ownBotId?: number;
  wrong?: string | null;
}

/** Asks Telegram whose token it is as soon as one is pasted. */
export function TokenField({ value, onInput, onBot, ownBotId, wrong }: TokenFieldProps) {
  const check = useTokenCheck(value, ownBotId);
  const bot = check.state === "good" ? check.bot : null;
  useEffect(() => onBot(bot), [bot?.id, check.state]);
  return (
    <>
      <Field
        label="Telegram bot token"
        wrong={check.state === "wrong" ? check.message : wrong}
        hint={check.state === "checking" ? "Asking Telegram…" : "It is stored encrypted and shown to nobody again."}
      >
        {({ id, describedBy, invalid }) => (
          <input
            id={id}
            class="mono"
            type="text"
            inputMode="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="123456789:AAF…"
            value={value}
            aria-describedby={describedBy}
            aria-invalid={invalid}
            onInput={(event) => onInput(tokenIn(event.currentTarget.value))}
          />
        )}
      </Field>
      <div role="status">
        {bot && (
          <p class="found-bot">
            <span aria-hidden="true">✓</span> This is <strong>{bot.name}</strong> <span class="soft">@{bot.username}</span>
          </p>
        )}
      </div>
    </>
  );
}
