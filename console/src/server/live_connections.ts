import { call } from "./rest";

/** A live connection of `/v1/chat`, as GET /v1/diagnostics/sessions lists it. */
export interface LiveConnection {
  log_id: string;
  bot_id: string;
  workflow_id: string;
  user_id: string;
  conversation_id: string;
  /** The name of the access token that it was opened with. */
  token: string;
  software: string;
  state: "idle" | "user_speaks" | "answering" | "playing";
  turn_detection: "server_vad" | "semantic_vad" | "client_interrupt";
  input_audio: { format: string; codec: string; sample_rate: number; channel: number };
  output_audio: { codec: string; sample_rate: number };
  age_s: number;
  hints: string[];
  /** The address of the server that it is connected to, where several share a database; else empty. */
  server: string;
}

export const listLiveConnections = (signal: AbortSignal): Promise<LiveConnection[]> => call("GET", "/v1/diagnostics/sessions", { signal });
