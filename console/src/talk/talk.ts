// The connection of the talk view, and what is sent over it.

import type { WsChatClient } from "@coze/api/ws-tools";

import { t } from "../language/language";
import { accessToken } from "../server/access_token";
import { uploadFile } from "../server/resources";
import { asUpdate, chosen, difference, valueAt } from "../settings/chosen";
import type { Chosen } from "../settings/chosen";
import { keepReceived } from "../timeline/recorded";
import { own } from "../timeline/watching";
import { audioLengthMs } from "./audio_length";
import { changed } from "./bubbles";
import type { Bubble, ToolBubble } from "./bubbles";
import { connect, disconnect, send } from "./connection";
import { fetchDirectory } from "./directory";
import type { Message, ServerEvent } from "./events";
import { rememberName } from "./file_name";
import { endLiveBubble, hideLevel, showLevel } from "./listening";
import { mayListen, microphone, microphoneId, stopAsking } from "./microphone";
import { addNotice, botId, bubbles, connection, conversationId, holding, isAnswering, isPushToTalk, muted, phase, volume, workflowId } from "./state";
import { afterEvent, afterLoss, afterPlayback } from "./transcript";
import { AT_CONNECT, firstUpdate } from "./update";

let inForce: Chosen = {};

function onServerEvent(event: ServerEvent): void {
  const audioMs = event.event_type === "conversation.audio.delta" ? audioLengthMs(event.data.content) : 0;
  if (audioMs && valueAt("output_audio.codec") === "pcm") keepReceived((event.data as Message).chat_id, (event.data as Message).content);
  bubbles.value = afterEvent(bubbles.value, event, performance.now(), audioMs);
  switch (event.event_type) {
    case "chat.created":
      own.watch((event as unknown as { detail: { logid: string } }).detail.logid);
      if (phase.value === "lost" && connection.client) goOnAfterLoss(connection.client);
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
  void fetchDirectory();
}

let starting: Promise<void> | undefined;

/** Connects; by voice with the microphone, for which the browser may ask the user first. */
export function start(byVoice = true): Promise<void> {
  if (phase.value === "idle") starting = connectNow(byVoice);
  return starting ?? Promise.resolve();
}

async function connectNow(byVoice: boolean): Promise<void> {
  phase.value = "connecting";
  const hasMicrophone = byVoice && (await mayListen());
  if (!isPushToTalk.value) muted.value = !hasMicrophone;
  inForce = chosen.value;
  try {
    connection.client = await connect(
      {
        token: accessToken.value,
        botId: botId.value,
        workflowId: workflowId.value,
        microphoneId: microphoneId.value,
        muted: !hasMicrophone,
        volume: volume.value,
        update: firstUpdate(inForce, conversationId.value),
      },
      {
        onServerEvent,
        onPlayback: (event) => (bubbles.value = afterPlayback(bubbles.value, event, performance.now())),
        onLost: () => {
          if (phase.value !== "connected") return;
          phase.value = "lost";
          holding.value = false;
          bubbles.value = afterLoss(bubbles.value, t("talk.lost"));
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
  const left = connection.client;
  if (!left) return;
  connection.client = undefined;
  phase.value = "idle";
  holding.value = false;
  hideLevel();
  endLiveBubble();
  await disconnect(left);
}

/** A new connection to the same conversation, with or without the microphone as before. */
export async function connectAgain(): Promise<void> {
  if (phase.value !== "connected") return;
  const byVoice = isPushToTalk.value ? microphone.value === "usable" : !muted.value;
  await hangUp();
  await start(byVoice);
}

/** Applies the chosen settings: by an update, or by a new connection to the same conversation. */
export async function applySettings(): Promise<void> {
  const { client } = connection;
  if (!client || phase.value !== "connected") return;
  const changes = difference(inForce, chosen.value);
  const paths = Object.keys(changes);
  if (paths.length === 0) return;
  if (paths.some((path) => AT_CONNECT.some((begin) => path.startsWith(begin)))) {
    await connectAgain();
    return;
  }
  inForce = chosen.value;
  send(client, "chat.update", asUpdate(changes));
}

/** Changes the microphone, which needs a new connection to the same conversation. */
export async function chooseMicrophone(id: string): Promise<void> {
  microphoneId.value = id;
  await connectAgain();
}

export function setVolume(value: number): void {
  volume.value = value;
  connection.client?.setPlaybackVolume(value);
}

/** The client; connects without the microphone where one begins by typing. */
async function clientToWriteTo(): Promise<WsChatClient | undefined> {
  if (phase.value === "connecting") stopAsking();
  const watched = phase.value === "idle" && own.watchedSoon();
  await start(false);
  if (connection.client) await watched;
  return connection.client;
}

/** Sends a typed message, with files that are uploaded first. */
export async function say(text: string, files: File[]): Promise<boolean> {
  const client = await clientToWriteTo();
  if (!client) return false;
  const uploaded = await Promise.all(files.map(uploadFile));
  for (const [index, { id }] of uploaded.entries()) rememberName(id, files[index]?.name ?? "");
  // The client clears the sentences of an answer only when it is interrupted; otherwise it would not report the
  // sentences of the next answer.
  if (!isAnswering.value) await client.clear();
  if (files.length === 0) {
    client.sendTextMessage(text);
    return true;
  }
  const parts = uploaded.map(({ id }, index) => ({ type: files[index]?.type.startsWith("image/") ? "image" : "file", file_id: id }));
  const content = JSON.stringify([...(text ? [{ type: "text", text }] : []), ...parts]);
  send(client, "conversation.message.create", { role: "user", content_type: "object_string", content });
  return true;
}

export const interrupt = (): void => connection.client?.interrupt();

/** Has the agent speak this text unchanged. */
export async function speak(text: string): Promise<void> {
  const client = await clientToWriteTo();
  if (!client) return;
  if (!isAnswering.value) await client.clear();
  send(client, "input_text.generate_audio", { mode: "text", text });
}

export function submitTools(asked: ToolBubble, outputs: Record<string, string>): void {
  const { client } = connection;
  if (!client) return;
  const toolOutputs = asked.calls.map(({ id }) => ({ tool_call_id: id, output: outputs[id] ?? "" }));
  send(client, "conversation.chat.submit_tool_outputs", { chat_id: asked.chatId, tool_outputs: toolOutputs });
  const isIt = (bubble: Bubble): bubble is ToolBubble => bubble.key === asked.key;
  bubbles.value = changed(bubbles.value, isIt, (bubble) => ({ ...bubble, state: "answered" }));
}

export function clearContext(): void {
  if (connection.client) send(connection.client, "conversation.clear");
}

/** Leaves this conversation: the next start begins a new one, or continues the one with this id. */
export async function leaveFor(id = ""): Promise<void> {
  const ending = hangUp();
  conversationId.value = id;
  bubbles.value = [];
  await ending;
}
