// An owner's conversations: searched, and exported as files.

import { bytes, call } from "./rest";

export interface FoundConversation {
  id: string;
  bot_id: string;
  user_id: string;
  title: string;
  created_at: number;
  /** The newest message in which the text was found, cut to what is around it. */
  found: { message_id: string; chat_id: string; role: "user" | "assistant"; created_at: number; text: string } | null;
}

/** Empty fields match all; `since` and `until` are Unix seconds. */
export interface Criteria {
  text: string;
  botId: string;
  since: number;
  until: number;
}

export const searchConversations = (
  { text, botId, since, until }: Criteria,
  before: string,
  signal: AbortSignal,
): Promise<{ conversations: FoundConversation[]; next: string }> =>
  call("GET", "/v1/kouyu/conversations", {
    query: { text: text || undefined, bot_id: botId || undefined, since: since || undefined, until: until || undefined, before: before || undefined },
    signal,
  });

export type ExportFormat = "txt" | "srt" | "json";

export const exportConversation = (id: string, format: ExportFormat): Promise<Blob | null> =>
  bytes(`/v1/kouyu/conversations/${encodeURIComponent(id)}/export`, { format });
