// The fields of /v1/chat events that the conversation view reads, with the protocol's names.

export interface Message {
  id: string;
  chat_id: string;
  role: "user" | "assistant";
  type: string;
  content: string;
  content_type: string;
}

export interface ToolCall {
  id: string;
  type: string;
  function?: { name: string; arguments: string };
}

export interface Chat {
  id: string;
  conversation_id: string;
  status: string;
  last_error?: { code: number; msg: string };
  required_action?: { submit_tool_outputs?: { tool_calls: ToolCall[] } };
  usage?: { token_count: number };
}

interface Event<Type extends string, Data> {
  event_type: Type;
  id: string;
  data: Data;
}

/** Events of the server. */
export type ServerEvent =
  | Event<"chat.created" | "input_audio_buffer.completed" | "input_audio_buffer.cleared", undefined>
  | Event<"input_audio_buffer.speech_started" | "input_audio_buffer.speech_stopped" | "conversation.cleared", undefined>
  | Event<"chat.updated", Record<string, unknown>>
  | Event<"conversation.audio_transcript.update" | "conversation.audio_transcript.completed", { content: string }>
  | Event<"conversation.message.delta" | "conversation.message.completed", Message>
  | Event<"conversation.audio.delta" | "conversation.audio.completed", Message>
  | Event<"conversation.audio.sentence_start", { text: string }>
  | Event<"conversation.chat.created" | "conversation.chat.in_progress" | "conversation.chat.completed", Chat>
  | Event<"conversation.chat.failed" | "conversation.chat.requires_action", Chat>
  | Event<"conversation.chat.canceled" | "error", { code: number; msg: string }>;

/** Events that the browser client makes itself when it plays a sentence. */
export type PlaybackEvent =
  | { event_type: "audio.sentence.playback_start"; data: { id: string; content: string } }
  | { event_type: "audio.sentence.playback_ended" };
