import type { Problem } from "./api.ts";

/** What the page that asks for a deploy knows of it, and the bot's page cannot ask for. */
export interface DeployNote {
  /** Why the deploy was refused; the bot is there all the same. */
  problem: Problem | null;
  expectedSeconds: number | null;
}

const notes = new Map<string, DeployNote>();

export const leaveNote = (botId: string, note: DeployNote): void => void notes.set(botId, note);
/** An operation of the bot says from now on what became of it. */
export function forgetRefusal(botId: string): void {
  const note = notes.get(botId);
  if (note) notes.set(botId, { ...note, problem: null });
}
export const noteOf = (botId: string): DeployNote | undefined => notes.get(botId);
