// Wraps the official browser client.

import type { ChatUpdateEvent, CreateChatWsReq } from "@coze/api";
import { WsChatClient, WsChatEventNames } from "@coze/api/ws-tools";

import { loadOpusDecoder } from "../capture/opus_decoder_library";
import { loadOpusEncoder } from "../capture/opus_encoder_library";
import { t } from "../language/language";
import type { Json } from "../settings/schema";
import { keepSent } from "../timeline/recorded";
import type { PlaybackEvent, ServerEvent } from "./events";

const CONNECT_LIMIT_MS = 10_000;

let eventCount = 0;

/** Names an event, so that a problem can be traced to it. */
const newEventId = (): string => `page-${++eventCount}`;

export interface Listener {
  onServerEvent(event: ServerEvent): void;
  onPlayback(event: PlaybackEvent): void;
  /** The socket has closed by itself; the client tries again. */
  onLost(): void;
}

export interface Wish {
  token: string;
  botId: string;
  workflowId: string;
  microphoneId: string;
  muted: boolean;
  volume: number;
  update: { [key: string]: Json };
}

/** Clients that were hung up; their sockets may still send events when the next client is in use. */
const left = new WeakSet<WsChatClient>();

export async function disconnect(client: WsChatClient): Promise<void> {
  left.add(client);
  await client.disconnect();
}

export async function connect(wish: Wish, listener: Listener): Promise<WsChatClient> {
  // Otherwise the client would fetch a denoiser from another host.
  window.__denoiserSupported = false;
  await loadCodecs(wish.update);
  const client = new WsChatClient({
    token: wish.token,
    botId: wish.botId,
    ...(wish.workflowId && { workflowId: wish.workflowId }),
    ...(wish.microphoneId && { deviceId: wish.microphoneId }),
    baseWsURL: location.origin.replace(/^http/, "ws"),
    allowPersonalAccessTokenInBrowser: true,
    audioMutedDefault: wish.muted,
    playbackVolumeDefault: wish.volume,
  });
  let isConnected = false;
  let refusal = "";
  client.on(WsChatEventNames.ALL, (name, event) => {
    if (left.has(client)) return;
    if (name === "server.error" && !isConnected) refusal = refusalOf(event as unknown as ServerEvent);
    else if (name.startsWith("server.")) listener.onServerEvent(event as unknown as ServerEvent);
    else if (name.startsWith("client.audio.sentence.")) listener.onPlayback(event as unknown as PlaybackEvent);
  });
  // The client's types know fewer fields than the protocol.
  const data = wish.update as unknown as NonNullable<ChatUpdateEvent["data"]>;
  const chatUpdate = { id: newEventId(), event_type: "chat.update", data } as ChatUpdateEvent;
  try {
    await withinLimit(client.connect({ chatUpdate }));
    isConnected = true;
  } catch (error) {
    left.add(client);
    client.ws?.close();
    throw refusal ? new Error(refusal) : error;
  }
  if (client.ws) {
    // The client gives up if one attempt to reconnect takes long, but its socket would continue to try.
    client.ws.onerror = () => {};
    client.ws.onclose = () => {
      if (!left.has(client)) listener.onLost();
    };
  }
  if ((wish.update["input_audio"] as { codec: string }).codec === "pcm") keepWhatIsSent(client);
  return client;
}

/** Why there is no connection. Errors that the client makes itself, for a socket that fails, have no log id. */
function refusalOf(event: ServerEvent): string {
  const { data, detail } = event as unknown as { data: { msg: string }; detail?: { logid?: string } };
  return detail?.logid ? data.msg : t("noServer");
}

/** Keeps what the microphone sends, where it is plain PCM. */
function keepWhatIsSent(client: WsChatClient): void {
  const { ws } = client;
  if (!ws) return;
  const send = ws.send.bind(ws);
  ws.send = (event) => {
    const { event_type, data } = event as { event_type: string; data?: { delta?: string } };
    if (event_type === "input_audio_buffer.append" && data?.delta) keepSent(data.delta);
    send(event);
  };
}

/** Sends any event of the protocol. */
export function send(client: WsChatClient, eventType: string, data?: Json): void {
  const event = { id: newEventId(), event_type: eventType, ...(data !== undefined && { data }) };
  client.sendMessage(event as unknown as CreateChatWsReq);
}

async function loadCodecs(update: { [key: string]: Json }): Promise<void> {
  const codec = (name: string): Json | undefined => (update[name] as { codec?: Json } | undefined)?.codec;
  if (codec("input_audio") === "opus") await loadOpusEncoder();
  if (codec("output_audio") === "opus") await loadOpusDecoder();
}

/** Stops the client, which retries for ever, since a browser does not tell a page why a handshake fails. */
async function withinLimit<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(t("noServer"))), CONNECT_LIMIT_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
