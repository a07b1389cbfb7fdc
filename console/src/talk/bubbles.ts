import type { ToolCall } from "./events";
import type { Sentence } from "./sentences";

/** What the user said or typed. While `live` the text is an interim transcript. */
export interface UserBubble {
  kind: "user";
  key: number;
  chatId: string;
  text: string;
  live: boolean;
  files: string[];
}

/** An answer or announcement of the agent. */
export interface AgentBubble {
  kind: "agent";
  key: number;
  /** "" for announcements, including the prologue. */
  chatId: string;
  text: string;
  sentences: Sentence[];
  /** More may come from the server. */
  open: boolean;
  /** The sentence that is being played, and since when (`performance.now()`). */
  sounding: { id: string; since: number } | null;
  /** Set if interrupted: the text was heard up to this index. */
  cutAt: number | null;
  failure: string;
}

/** Tools that the agent asks this client to run. */
export interface ToolBubble {
  kind: "tool";
  key: number;
  chatId: string;
  calls: ToolCall[];
  /** "gone": the chat ended, and no result is wanted any more. */
  state: "waiting" | "answered" | "gone";
}

/** Something that happened between the turns. */
export interface NoticeBubble {
  kind: "notice";
  key: number;
  text: string;
  isError: boolean;
}

export type Bubble = UserBubble | AgentBubble | ToolBubble | NoticeBubble;

type Made = Omit<UserBubble, "key"> | Omit<AgentBubble, "key"> | Omit<ToolBubble, "key"> | Omit<NoticeBubble, "key">;

/** The bubbles with another one at the end. */
export function added(bubbles: readonly Bubble[], bubble: Made): Bubble[] {
  const key = (bubbles.at(-1)?.key ?? 0) + 1;
  return [...bubbles, { ...bubble, key } as Bubble];
}

/** The bubbles, the last one that `isIt` put through `change`. */
export function changed<Kind extends Bubble>(
  bubbles: readonly Bubble[],
  isIt: (bubble: Bubble) => bubble is Kind,
  change: (bubble: Kind) => Kind,
): Bubble[] {
  const index = bubbles.findLastIndex(isIt);
  const found = bubbles[index];
  return found && isIt(found) ? bubbles.with(index, change(found)) : [...bubbles];
}

/** The bubbles, all that `areThey` put through `change`. */
export function allChanged<Kind extends Bubble>(
  bubbles: readonly Bubble[],
  areThey: (bubble: Bubble) => bubble is Kind,
  change: (bubble: Kind) => Kind,
): Bubble[] {
  return bubbles.map((bubble) => (areThey(bubble) ? change(bubble) : bubble));
}

export const isWaitingTool = (bubble: Bubble): bubble is ToolBubble => bubble.kind === "tool" && bubble.state === "waiting";
export const isAgent = (bubble: Bubble): bubble is AgentBubble => bubble.kind === "agent";
export const isOpenAgent = (bubble: Bubble): bubble is AgentBubble => bubble.kind === "agent" && bubble.open;
export const isSounding = (bubble: Bubble): bubble is AgentBubble => isAgent(bubble) && bubble.sounding !== null;
export const isLiveUser = (bubble: Bubble): bubble is UserBubble => bubble.kind === "user" && bubble.live;

export const newAgentBubble = (chatId: string): Omit<AgentBubble, "key"> => ({
  kind: "agent",
  chatId,
  text: "",
  sentences: [],
  open: true,
  sounding: null,
  cutAt: null,
  failure: "",
});
