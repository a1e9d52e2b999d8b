import { call, remove } from "../lib/api.ts";
import { money } from "../lib/format.ts";
import { useAction, useLoad } from "../lib/hooks.ts";
import type { Bot, Server } from "../lib/types.ts";
import { Button, Dialog, Loading, ProblemNotice } from "./controls.tsx";

interface DeletePlan {
  plan: { server: Server | null; webhook: string | null; secrets: string };
}

interface DeleteDialogProps {
  bot: Bot;
  /** Called once the deletion has begun, and before onClose. */
  onDeleting: () => void;
  onClose: () => void;
}

/** Shows what goes and what stays before anything does. */
export function DeleteDialog({ bot, onDeleting, onClose }: DeleteDialogProps) {
  const { data, problem } = useLoad(bot.id, (signal) =>
    call<DeletePlan>("DELETE", `/api/bots/${bot.id}?plan=true`, undefined, signal),
  );
  const { busy, problem: refused, run } = useAction();
  const server = data?.plan.server;
  const destroy = async () => {
    if (!(await run("delete", () => remove(`/api/bots/${bot.id}`)))) return;
    onDeleting();
    onClose();
  };
  return (
    <Dialog title={`Delete ${bot.name}?`} onClose={onClose}>
      <ProblemNotice problem={problem ?? refused} />
      {!data && !problem && <Loading what="what would go" />}
      {data && (
        <div class="columns plan">
          <section>
            <h3>Goes for good</h3>
            <ul>
              <li>
                {server
                  ? `Its server (${server.type} in ${server.region}, ${money(server.cost)} a month) and everything on it, the assistant's memory too`
                  : "No server: there is none"}
              </li>
              {data.plan.webhook && <li>The webhook at Telegram</li>}
              <li>The bot's token and keys that are stored here</li>
            </ul>
          </section>
          <section>
            <h3>Stays</h3>
            <ul>
              <li>@{bot.telegramUsername} itself and its chats: they belong to Telegram</li>
              <li>What was billed until now</li>
            </ul>
          </section>
        </div>
      )}
      <div class="row end">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={busy !== null} disabled={!data} onClick={destroy}>
          Delete for good
        </Button>
      </div>
    </Dialog>
  );
}
