// Keeps the talk view's address and its conversation in step.

import { effect, untracked } from "@preact/signals";

import { accessToken } from "../server/access_token";
import { problem } from "../server/problem";
import { listMessages } from "../server/resources";
import { NOT_YET, go, path, rename } from "../shell/address";
import { addNotice, botId, bubbles, chooseBot, conversationId } from "./state";
import { bubblesOf } from "./stored_bubbles";
import { leaveFor } from "./talk";

const isTalking = (): boolean => (path.peek()[0] ?? "talk") === "talk";

/** Opens the conversation that the address names, with what was said in it. */
async function open(id: string): Promise<void> {
  await leaveFor(id);
  try {
    const messages = await listMessages(id);
    // Meanwhile one may have pressed Start, or left for another conversation.
    if (conversationId.value !== id) return;
    bubbles.value = [...bubblesOf(messages), ...bubbles.value];
    const bot = messages.at(-1)?.bot_id;
    if (bot && bot !== botId.value) chooseBot(bot);
  } catch (reason) {
    if (conversationId.value !== id) return;
    conversationId.value = "";
    addNotice(problem(reason), true);
  }
}

/** Leaves this conversation: the next start begins a new one. */
export function newConversation(): void {
  void leaveFor();
  go("talk");
}

effect(() => {
  const [, opened = ""] = path.value;
  const id = opened === NOT_YET ? "" : opened;
  const current = conversationId.peek();
  if (!accessToken.value || !isTalking() || id === current) return;
  if (id) untracked(() => void open(id));
  else rename("talk", current, ...path.peek().slice(2));
});

effect(() => {
  const current = conversationId.value;
  if (current && isTalking() && path.peek()[1] !== current) rename("talk", current, ...path.peek().slice(2));
});
