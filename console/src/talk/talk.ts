// State and actions of the talk page.

import type { WsChatClient } from "@coze/api/ws-tools";
import { computed, signal } from "@preact/signals";

import { t } from "../language/language";
import { accessToken } from "../server/access_token";
import { uploadFile } from "../server/resources";
import { asUpdate, chosen, difference, valueAt } from "../settings/chosen";
import type { Chosen } from "../settings/chosen";
import { keepReceived } from "../timeline/recorded";
import { own } from "../timeline/watching";
import { audioLengthMs } from "./audio_length";
import { added, changed, isLiveUser } from "./bubbles";
import type { Bubble, ToolBubble } from "./bubbles";
import { connect, disconnect, send } from "./connection";
import type { Message, ServerEvent } from "./events";
import { mayListen, microphoneId, watchLevel } from "./microphone";
import { afterEvent, afterPlayback } from "./transcript";
import { AT_CONNECT, firstUpdate } from "./update";

export type Phase = "idle" | "connecting" | "connected" | "lost";

export const phase = signal<Phase>("idle");
export const bubbles = signal<readonly Bubble[]>([]);
export const botId = signal(localStorage.getItem("kouyu.bot") ?? "");
export const workflowId = signal("");
export const conversationId = signal("");
export const muted = signal(false);
export const volume = signal(1);
/** Push to talk: the button is held. */
export const holding = signal(false);
export const isPushToTalk = computed(() => valueAt("turn_detection.type") === "client_interrupt");
/** The agent is speaking, or more of its audio will come. */
export const isAnswering = computed(() =>
  bubbles.value.some((bubble) => bubble.kind === "agent" && (bubble.open || bubble.sounding !== null)),
);

let client: WsChatClient | undefined;
let inForce: Chosen = {};
let stopLevel: (() => void) | undefined;
let hasMicrophone = true;

export function chooseBot(id: string): void {
  botId.value = id;
  localStorage.setItem("kouyu.bot", id);
}

export function addNotice(text: string, isError = false): void {
  bubbles.value = added(bubbles.value, { kind: "notice", text, isError });
}

function onServerEvent(event: ServerEvent): void {
  const audioMs = event.event_type === "conversation.audio.delta" ? audioLengthMs(event.data.content) : 0;
  if (audioMs && valueAt("output_audio.codec") === "pcm") keepReceived((event.data as Message).chat_id, (event.data as Message).content);
  bubbles.value = afterEvent(bubbles.value, event, performance.now(), audioMs);
  switch (event.event_type) {
    case "chat.created":
      own.watch((event as unknown as { detail: { logid: string } }).detail.logid);
      if (phase.value === "lost" && client) goOnAfterLoss(client);
      break;
    case "conversation.chat.created":
      conversationId.value = event.data.conversation_id;
      break;
    case "conversation.cleared":
      addNotice(t("notice.cleared"));
      break;
    case "error":
      addNotice(event.data.msg, true);
      void hangUp();
      break;
  }
}

/** Handles a new connection of the client, which does not send the configuration again. */
function goOnAfterLoss(lost: WsChatClient): void {
  send(lost, "chat.update", firstUpdate(inForce, conversationId.value));
  phase.value = "connected";
}

export async function start(): Promise<void> {
  if (phase.value !== "idle") return;
  phase.value = "connecting";
  hasMicrophone = await mayListen();
  if (!hasMicrophone) addNotice(t(isSecureContext ? "notice.noMicrophone" : "notice.notSecure"));
  inForce = chosen.value;
  try {
    client = await connect(
      {
        token: accessToken.value,
        botId: botId.value,
        workflowId: workflowId.value,
        microphoneId: microphoneId.value,
        muted: muted.value || !hasMicrophone,
        volume: volume.value,
        update: firstUpdate(inForce, conversationId.value),
      },
      {
        onServerEvent,
        onPlayback: (event) => (bubbles.value = afterPlayback(bubbles.value, event, performance.now())),
        onLost: () => {
          if (phase.value === "connected") phase.value = "lost";
        },
      },
    );
  } catch (error) {
    addNotice(t("notice.noConnection", { why: error instanceof Error ? error.message : String(error) }), true);
    phase.value = "idle";
    return;
  }
  phase.value = "connected";
  showLevel();
}

export async function hangUp(): Promise<void> {
  const left = client;
  if (!left) return;
  client = undefined;
  phase.value = "idle";
  holding.value = false;
  hideLevel();
  bubbles.value = changed(bubbles.value, isLiveUser, (bubble) => ({ ...bubble, live: false })).filter(
    (bubble) => bubble.kind !== "user" || bubble.text || bubble.files.length,
  );
  await disconnect(left);
}

/** Applies the chosen settings: by an update, or by a new connection to the same conversation. */
export async function applySettings(): Promise<void> {
  if (!client || phase.value !== "connected") return;
  const changes = difference(inForce, chosen.value);
  const paths = Object.keys(changes);
  if (paths.length === 0) return;
  if (paths.some((path) => AT_CONNECT.some((begin) => path.startsWith(begin)))) {
    await hangUp();
    await start();
    return;
  }
  inForce = chosen.value;
  send(client, "chat.update", asUpdate(changes));
}

/** Changes the microphone, which needs a new connection to the same conversation. */
export async function chooseMicrophone(id: string): Promise<void> {
  microphoneId.value = id;
  if (phase.value !== "connected") return;
  await hangUp();
  await start();
}

export async function hold(): Promise<void> {
  if (!client || holding.value || !hasMicrophone) return;
  holding.value = true;
  bubbles.value = added(bubbles.value, { kind: "user", chatId: "", text: "", live: true, files: [] });
  await client.startRecord();
  showLevel();
  if (!holding.value) client.stopRecord();
}

export function release(): void {
  if (!client || !holding.value) return;
  holding.value = false;
  hideLevel();
  client.stopRecord();
}

export async function toggleMute(): Promise<void> {
  muted.value = !muted.value;
  if (!client || isPushToTalk.value) return;
  await client.setAudioEnable(!muted.value);
  if (muted.value) hideLevel();
  else showLevel();
}

export function setVolume(value: number): void {
  volume.value = value;
  client?.setPlaybackVolume(value);
}

/** Sends a typed message, with files that are uploaded first. */
export async function say(text: string, files: File[]): Promise<void> {
  if (!client) return;
  const uploaded = await Promise.all(files.map(uploadFile));
  // The client clears the sentences of an answer only when it is interrupted; otherwise it would not report the
  // sentences of the next answer.
  if (!isAnswering.value) await client.clear();
  if (files.length === 0) {
    client.sendTextMessage(text);
    return;
  }
  const parts = uploaded.map(({ id }, index) => ({ type: files[index]?.type.startsWith("image/") ? "image" : "file", file_id: id }));
  const content = JSON.stringify([...(text ? [{ type: "text", text }] : []), ...parts]);
  send(client, "conversation.message.create", { role: "user", content_type: "object_string", content });
}

export const interrupt = (): void => client?.interrupt();

/** Has the agent speak this text unchanged. */
export async function speak(text: string): Promise<void> {
  if (!client) return;
  if (!isAnswering.value) await client.clear();
  send(client, "input_text.generate_audio", { mode: "text", text });
}

export function submitTools(asked: ToolBubble, outputs: Record<string, string>): void {
  if (!client) return;
  const toolOutputs = asked.calls.map(({ id }) => ({ tool_call_id: id, output: outputs[id] ?? "" }));
  send(client, "conversation.chat.submit_tool_outputs", { chat_id: asked.chatId, tool_outputs: toolOutputs });
  const isIt = (bubble: Bubble): bubble is ToolBubble => bubble.key === asked.key;
  bubbles.value = changed(bubbles.value, isIt, (bubble) => ({ ...bubble, answered: true }));
}

export function clearContext(): void {
  if (client) send(client, "conversation.clear");
}

/** Leaves this conversation: the next start begins a new one, or continues the one with this id. */
export async function leaveFor(id = ""): Promise<void> {
  const ending = hangUp();
  conversationId.value = id;
  bubbles.value = [];
  await ending;
}

function showLevel(): void {
  hideLevel();
  const stream = client?.recorder.getRawMediaStream();
  if (stream) stopLevel = watchLevel(stream);
}

function hideLevel(): void {
  stopLevel?.();
  stopLevel = undefined;
}
