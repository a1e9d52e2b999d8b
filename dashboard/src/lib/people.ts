import { getTagged, Problem, putTagged } from "./api.ts";
import type { Bot } from "./types.ts";

/**
 * Changes who may talk to the bot. The list is the one that the bot has by now, not the one that the page shows, and
 * whoever changes it at the same moment is not overruled.
 */
export async function changePeople(botId: string, change: (ids: number[]) => number[]): Promise<void> {
  const path = `/api/bots/${botId}`;
  const { data, tag } = await getTagged<Bot>(path);
  try {
    await putTagged(path, { allowedTelegramUserIds: change(data.allowedTelegramUserIds) }, tag);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 412) throw error;
    throw new Problem(412, error.code, "Somebody else has changed the bot just now.", "Look who may talk to it, and try again.", []);
  }
}

/** Whether the text is a Telegram user's number, and one that JavaScript does not round. */
export const isUserNumber = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text);
