// The state of the talk view.

import type { WsChatClient } from "@coze/api/ws-tools";
import { computed, signal } from "@preact/signals";

import { valueAt } from "../settings/chosen";
import { added } from "./bubbles";
import type { Bubble } from "./bubbles";

export type Phase = "idle" | "connecting" | "connected" | "lost";

export const phase = signal<Phase>("idle");
export const bubbles = signal<readonly Bubble[]>([]);
export const botId = signal(localStorage.getItem("kouyu.bot") ?? "");
export const workflowId = signal("");
export const conversationId = signal("");
/** Free talk: the microphone is off because the user wants it so, or because it cannot be used. */
export const muted = signal(false);
export const volume = signal(1);
/** Push to talk: the button is held. */
export const holding = signal(false);
export const isPushToTalk = computed(() => valueAt("turn_detection.type") === "client_interrupt");
/** The agent is speaking, or more of its audio will come. */
export const isAnswering = computed(() =>
  bubbles.value.some((bubble) => bubble.kind === "agent" && (bubble.open || bubble.sounding !== null)),
);

/** The client of the connection, while there is one. */
export const connection: { client: WsChatClient | undefined } = { client: undefined };

export function chooseBot(id: string): void {
  botId.value = id;
  localStorage.setItem("kouyu.bot", id);
}

export function addNotice(text: string, isError = false): void {
  bubbles.value = added(bubbles.value, { kind: "notice", text, isError });
}
