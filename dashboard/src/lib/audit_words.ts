/** What people look for most, in words; everything else is shown as the log has it. */
export const actions: Record<string, string> = {
  "POST /api/bots/create": "made a bot",
  "PUT /api/bots/:id": "changed a bot",
  "DELETE /api/bots/:id": "deleted a bot",
  "POST /api/deploy": "deployed a bot",
  "POST /api/deploy/:botId/stop": "stopped a bot",
  "POST /api/deploy/:botId/start": "started a bot",
  "POST /api/deploy/:botId/restart": "restarted a bot",
  "POST /api/deploy/:botId/cancel": "cancelled what was under way",
  "POST /api/jobs/:id/cancel": "cancelled an operation",
  "POST /api/auth/tokens": "made an API token",
  "DELETE /api/auth/tokens/:id": "revoked an API token",
  "PUT /api/admin/users/:id/subscription": "changed a subscription",
};

/** A deletion's plan, which is asked for by the deletion's own route, has this behind its bot. */
const planOnly = " plan only";

/** What a line of the log says was done, in words where there are some. */
export const whatWasDone = (action: string, target: string): string | undefined =>
  target.endsWith(planOnly) ? "looked at what a deletion would take" : actions[action];

const onBot = /^(POST|PUT|DELETE) \/api\/(bots|deploy)\b/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The bot that a line is about, if it names one. */
export function botOf(action: string, target: string): string | null {
  const id = target.split(" ")[0] ?? "";
  return onBot.test(action) && uuid.test(id) ? id : null;
}
