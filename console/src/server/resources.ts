// The server's resources that the page shows, as they are on the wire.

import { bytes, call, callWhole } from "./rest";

export interface Status {
  version: string;
  uptime_s: number;
  sessions: number;
  max_sessions: number;
  watchers: number;
  scheduler: { workers: number; waiting: number; running: number; oldest_wait_ms: number };
  engines: { kind: string; name: string; reason: string }[];
  /** The larger language model that the server is to run, while it does not. */
  language_model_change: { name: string; state: "fetching" | "waiting" | "starting" | "given_up"; fetched: number; failure: string } | null;
  voices: number;
  bots: string[];
  flows: string[];
  memory: { resident_bytes: number };
  cpu: { cores: number; load_1min: number };
  kept_audio: { bytes?: number; max_bytes?: number; files?: number };
  /** Those of a server with workers; else none. */
  processes: ServerProcess[];
}

/** One process of a server with workers. `number` is that of a worker, from 1; `pid` is null while there is no process. */
export interface ServerProcess {
  role: "parent" | "worker" | "engines";
  number: number;
  pid: number | null;
  state: "starting" | "running" | "waiting" | "stopping";
  restarts: number;
  /** How its last process ended; empty if none has. */
  last_end: string;
  uptime_s: number;
  sessions: number;
  connections: number;
  resident_bytes: number;
  scheduler: { workers: number; waiting: number; running: number; oldest_wait_ms: number } | null;
}

export interface StoredMessage {
  id: string;
  role: "user" | "assistant";
  type: string;
  content: string;
  content_type: string;
  bot_id?: string;
  chat_id?: string;
  section_id?: string;
  created_at?: number;
}

export interface KeptAudio {
  message_id: string;
  role: string;
  duration_ms: number;
  bytes: number;
  created_at: number;
}

export interface VoiceprintGroup {
  id: string;
  name: string;
  desc: string;
  feature_count: number;
}

export interface VoiceprintFeature {
  id: string;
  name: string;
  desc: string;
  created_at: number;
}

export interface SpeakerScore {
  feature_id: string;
  feature_name: string;
  score: number;
}

export const getStatus = (signal?: AbortSignal): Promise<Status> =>
  call("GET", "/v1/kouyu/status", signal ? { signal } : {});

export const deleteConversation = (id: string): Promise<unknown> => call("DELETE", `/v1/conversations/${id}`);

/** All messages of a conversation, oldest first. */
export async function listMessages(conversationId: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  let after = "";
  for (;;) {
    const page = await callWhole<{ data: StoredMessage[]; last_id: string; has_more: boolean }>(
      "POST",
      "/v1/conversation/message/list",
      { query: { conversation_id: conversationId }, json: { order: "asc", limit: 50, ...(after && { after_id: after }) } },
    );
    messages.push(...page.data);
    if (!page.has_more || !page.last_id || page.last_id === after) return messages;
    after = page.last_id;
  }
}

export const listKeptAudio = (conversationId: string): Promise<KeptAudio[]> =>
  call("GET", "/v1/kouyu/audio/list", { query: { conversation_id: conversationId } });

export const keptAudio = (conversationId: string, messageId: string): Promise<Blob | null> =>
  bytes("/v1/kouyu/audio", { conversation_id: conversationId, message_id: messageId });

export async function uploadFile(file: File): Promise<{ id: string; file_name: string }> {
  const form = new FormData();
  form.append("file", file);
  return call("POST", "/v1/files/upload", { form });
}
