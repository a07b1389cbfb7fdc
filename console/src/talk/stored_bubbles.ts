import type { StoredMessage } from "../server/resources";
import { added, newAgentBubble } from "./bubbles";
import type { Bubble } from "./bubbles";
import { contentOf } from "./content";

/** The bubbles of stored messages, oldest first. Their keys are before those of bubbles that `added` makes. */
export function bubblesOf(messages: readonly StoredMessage[]): Bubble[] {
  const made = messages.reduce<Bubble[]>((bubbles, message) => {
    const chatId = message.chat_id ?? "";
    if (message.role === "user") return added(bubbles, { kind: "user", chatId, ...contentOf(message), live: false });
    if (message.type !== "answer") return bubbles;
    return added(bubbles, { ...newAgentBubble(chatId), text: message.content, open: false });
  }, []);
  return made.map((bubble, index) => ({ ...bubble, key: index - made.length }));
}
