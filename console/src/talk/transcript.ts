// Computes the conversation's bubbles from the protocol's events, as a pure function.

import { added, allChanged, changed, isAgent, isLiveUser, isOpenAgent, isSounding, isWaitingTool, newAgentBubble } from "./bubbles";
import type { AgentBubble, Bubble, UserBubble } from "./bubbles";
import type { Message, PlaybackEvent, ServerEvent, ToolCall } from "./events";
import { contentOf } from "./content";
import { heardUntil, place } from "./sentences";

/** The bubbles after an event of the server. `now` is `performance.now()`; `audioMs` the length of its audio. */
export function afterEvent(bubbles: readonly Bubble[], event: ServerEvent, now: number, audioMs: number): Bubble[] {
  switch (event.event_type) {
    case "input_audio_buffer.speech_started":
      return live(cutOff(bubbles, isSounding, now), "");
    case "input_audio_buffer.speech_stopped":
      return withoutEmptyLive(bubbles);
    case "conversation.audio_transcript.update":
      return event.data.content ? live(bubbles, event.data.content) : [...bubbles];
    case "conversation.audio_transcript.completed":
      return transcribed(bubbles, event.data.content);
    case "conversation.message.completed":
      return messageCompleted(bubbles, event.data);
    case "conversation.chat.created":
      return added(withoutTools(withoutEmptyLive(bubbles)), newAgentBubble(event.data.id));
    case "conversation.message.delta":
      return changed(bubbles, isOpenAgent, (bubble) => withText(bubble, bubble.text + event.data.content));
    case "conversation.audio.sentence_start":
      return sentenceStarted(bubbles, event.id, event.data.text);
    case "conversation.audio.delta":
      return changed(bubbles, isSpoken, (bubble) => withAudio(bubble, audioMs));
    case "conversation.audio.completed":
      return changed(bubbles, isOpenAgent, (bubble) => (bubble.chatId ? bubble : { ...bubble, open: false }));
    case "conversation.chat.completed":
      return changed(withoutTools(bubbles), isOpenAgent, (bubble) => ({ ...bubble, open: false }));
    case "conversation.chat.failed": {
      const failure = event.data.last_error?.msg || "?";
      return failed(withoutTools(bubbles), failure);
    }
    case "conversation.chat.canceled":
      return cutOff(withoutTools(bubbles), (bubble): bubble is AgentBubble => isOpenAgent(bubble) || isSounding(bubble), now);
    case "conversation.chat.requires_action": {
      const calls = event.data.required_action?.submit_tool_outputs?.tool_calls ?? [];
      return toolsAsked(bubbles, event.data.id, calls);
    }
    default:
      return [...bubbles];
  }
}

/** The bubbles after the player reported which sentence it plays. */
export function afterPlayback(bubbles: readonly Bubble[], event: PlaybackEvent, now: number): Bubble[] {
  const silent = changed(bubbles, isSounding, (bubble) => ({ ...bubble, sounding: null }));
  if (event.event_type === "audio.sentence.playback_ended") return silent;
  const { id } = event.data;
  const has = (bubble: Bubble): bubble is AgentBubble =>
    isAgent(bubble) && bubble.cutAt === null && bubble.sentences.some((sentence) => sentence.id === id);
  return changed(silent, has, (bubble) => ({ ...bubble, sounding: { id, since: now } }));
}

/** The bubbles after the connection was lost: what was running has ended. */
export function afterLoss(bubbles: readonly Bubble[], failure: string): Bubble[] {
  const settled = allChanged(withoutEmptyLive(bubbles), isLiveUser, (bubble) => ({ ...bubble, live: false }));
  const silent = allChanged(settled, isSounding, (bubble) => ({ ...bubble, sounding: null }));
  return failed(withoutTools(silent), failure);
}

const failed = (bubbles: readonly Bubble[], failure: string): Bubble[] =>
  changed(bubbles, isOpenAgent, (bubble) => ({ ...bubble, open: false, failure }));

/** No result of a tool is wanted any more. */
const withoutTools = (bubbles: readonly Bubble[]): Bubble[] => allChanged(bubbles, isWaitingTool, (bubble) => ({ ...bubble, state: "gone" }));

/** The form stands where the call stood: what the agent says next comes below it. */
function toolsAsked(bubbles: readonly Bubble[], chatId: string, calls: ToolCall[]): Bubble[] {
  const isEmpty = (bubble: Bubble): boolean => isOpenAgent(bubble) && bubble.text === "" && bubble.sentences.length === 0;
  const before = allChanged(bubbles.filter((bubble) => !isEmpty(bubble)), isOpenAgent, (bubble) => ({ ...bubble, open: false }));
  return added(added(before, { kind: "tool", chatId, calls, state: "waiting" }), newAgentBubble(chatId));
}

/** The last bubble of which a sentence was begun: audio belongs to it. */
const isSpoken = (bubble: Bubble): bubble is AgentBubble => isAgent(bubble) && bubble.cutAt === null && bubble.sentences.length > 0;

function live(bubbles: readonly Bubble[], text: string): Bubble[] {
  if (bubbles.some(isLiveUser)) return changed(bubbles, isLiveUser, (bubble) => ({ ...bubble, text: text || bubble.text }));
  return added(bubbles, { kind: "user", chatId: "", text, live: true, files: [] });
}

function withoutEmptyLive(bubbles: readonly Bubble[]): Bubble[] {
  return bubbles.filter((bubble) => !isLiveUser(bubble) || bubble.text !== "");
}

function transcribed(bubbles: readonly Bubble[], text: string): Bubble[] {
  if (!text) return bubbles.filter((bubble) => !isLiveUser(bubble));
  const settled = (bubble: UserBubble): UserBubble => ({ ...bubble, text, live: false });
  if (bubbles.some(isLiveUser)) return changed(bubbles, isLiveUser, settled);
  return added(bubbles, { kind: "user", chatId: "", text, live: false, files: [] });
}

function messageCompleted(bubbles: readonly Bubble[], message: Message): Bubble[] {
  if (message.type === "answer") {
    const isIts = (bubble: Bubble): bubble is AgentBubble => isAgent(bubble) && bubble.chatId === message.chat_id;
    // After tools have run, one chat has an answer before them and one after.
    return changed(bubbles, isIts, (bubble) => (bubble.text.endsWith(message.content) ? bubble : withText(bubble, message.content)));
  }
  if (message.role !== "user" || message.type !== "question") return [...bubbles];
  const { text, files } = contentOf(message);
  const isSpoken = (bubble: Bubble): bubble is UserBubble =>
    bubble.kind === "user" && !bubble.chatId && !bubble.live && bubble.text === text;
  if (bubbles.some(isSpoken)) return changed(bubbles, isSpoken, (bubble) => ({ ...bubble, chatId: message.chat_id }));
  return added(bubbles, { kind: "user", chatId: message.chat_id, text, live: false, files });
}

function withText(bubble: AgentBubble, text: string): AgentBubble {
  if (bubble.chatId === "") return { ...bubble, text };
  let from = 0;
  const sentences = bubble.sentences.map((sentence) => {
    const found = place(text, sentence.text, from);
    from = found.end;
    return { ...sentence, ...found };
  });
  return { ...bubble, text, sentences };
}

function withAudio(bubble: AgentBubble, audioMs: number): AgentBubble {
  const last = bubble.sentences.at(-1);
  if (!last) return bubble;
  return { ...bubble, sentences: bubble.sentences.with(-1, { ...last, audioMs: last.audioMs + audioMs }) };
}

function sentenceStarted(bubbles: readonly Bubble[], id: string, text: string): Bubble[] {
  const opened = bubbles.some(isOpenAgent) ? bubbles : added(bubbles, newAgentBubble(""));
  const chatId = opened.findLast(isOpenAgent)?.chatId;
  // Words before a tool's call may be spoken when the form is already there.
  const isItsPart = (bubble: Bubble): bubble is AgentBubble =>
    isAgent(bubble) && bubble.chatId === chatId && chatId !== "" && bubble.text.slice(bubble.sentences.at(-1)?.end ?? 0).includes(text.trim());
  return changed(opened, opened.some(isItsPart) ? isItsPart : isOpenAgent, (bubble) => {
    const isAnnouncement = bubble.chatId === "";
    const whole = isAnnouncement ? [bubble.text, text].filter(Boolean).join(" ") : bubble.text;
    const found = place(whole, text, bubble.sentences.at(-1)?.end ?? 0);
    return { ...bubble, text: whole, sentences: [...bubble.sentences, { id, text, audioMs: 0, ...found }] };
  });
}

function cutOff(bubbles: readonly Bubble[], isIt: (bubble: Bubble) => bubble is AgentBubble, now: number): Bubble[] {
  return allChanged(bubbles, isIt, (bubble) => ({
    ...bubble,
    open: false,
    sounding: null,
    cutAt: bubble.cutAt ?? heardIndex(bubble, now),
  }));
}

function heardIndex(bubble: AgentBubble, now: number): number {
  const sounding = bubble.sounding;
  const sentence = bubble.sentences.find(({ id }) => id === sounding?.id);
  if (!sounding || !sentence) return 0;
  const share = sentence.audioMs > 0 ? (now - sounding.since) / sentence.audioMs : 0;
  return heardUntil(bubble.text, sentence.start, sentence.end, share);
}
