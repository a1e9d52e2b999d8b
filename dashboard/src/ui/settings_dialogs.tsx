import { useState } from "preact/hooks";
import { get, put } from "../lib/api.ts";
import { useAction, useLoad } from "../lib/hooks.ts";
import type { Bot, DeployOptions, VerifiedToken } from "../lib/types.ts";
import { Button, Dialog, Loading, ProblemNotice } from "./controls.tsx";
import { ModelChoice, type ModelPick, modelBody } from "./model_choice.tsx";
import { TokenField } from "./token_field.tsx";

interface DialogProps {
  bot: Bot;
  onClose: () => void;
}

/** Another model; a running bot is configured anew, on the server that it has. */
export function ModelDialog({ bot, onClose }: DialogProps) {
  const { data, problem } = useLoad("options", (signal) => get<DeployOptions>("/api/deploy/options", signal));
  const [pick, setPick] = useState<ModelPick | null>(null);
  const { busy, problem: refused, run } = useAction();
  const save = async () => {
    if (await run("save", () => put(`/api/bots/${bot.id}`, modelBody(pick!)))) onClose();
  };
  return (
    <Dialog title="Change the model" onClose={onClose}>
      <p class="soft">
        Now: <strong>{bot.model}</strong>. A running bot takes the new one within seconds, on the same server.
      </p>
      <ProblemNotice problem={problem ?? refused} />
      {data ? (
        <ModelChoice models={data.models} pick={pick} choose={setPick} problem={refused} />
      ) : (
        !problem && <Loading what="models" />
      )}
      <div class="row end">
        <Button onClick={onClose}>Keep</Button>
        <Button look="primary" busy={busy !== null} disabled={!pick} onClick={save}>
          Change
        </Button>
      </div>
    </Dialog>
  );
}

/** A new token of the same Telegram bot, or another Telegram bot. */
export function TokenDialog({ bot, onClose }: DialogProps) {
  const [token, setToken] = useState("");
  const [found, setFound] = useState<VerifiedToken["bot"]>(null);
  const { busy, problem, run } = useAction();
  const save = async () => {
    if (await run("save", () => put(`/api/bots/${bot.id}`, { telegramBotToken: token }))) onClose();
  };
  return (
    <Dialog title="Replace the token" onClose={onClose}>
      <p class="soft">
        Send <code>/revoke</code> or <code>/token</code> to BotFather and paste what it answers. Now it is @
        {bot.telegramUsername}.
      </p>
      <TokenField
        value={token}
        onInput={setToken}
        onBot={setFound}
        ownBotId={bot.telegramBotId}
        wrong={problem?.field("telegramBotToken")}
      />
      {found && found.id !== bot.telegramBotId && (
        <p class="notice">
          This is another Telegram bot: @{bot.telegramUsername} falls silent, and @{found.username} answers instead.
        </p>
      )}
      <ProblemNotice problem={problem} />
      <div class="row end">
        <Button onClick={onClose}>Keep</Button>
        <Button look="primary" busy={busy !== null} disabled={!found} onClick={save}>
          Replace
        </Button>
      </div>
    </Dialog>
  );
}
