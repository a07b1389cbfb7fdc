import { call } from "./rest";

/** What a client was told of a failure: a chat that failed, or an `error` event. `at`: Unix seconds. */
export interface RecentFailure {
  at: number;
  log_id: string;
  bot_id: string;
  kind: "chat" | "error";
  code: number;
  message: string;
}

/** The server behind a bot. `address` is empty for tokens without `administration`. */
export interface BotEndpoint {
  bot_id: string;
  model: string;
  address: string;
  reach: { state: "reachable" | "refused" | "unreachable"; detail: string };
  last_failure: RecentFailure | null;
}

export const listFailures = (signal: AbortSignal): Promise<RecentFailure[]> => call("GET", "/v1/kouyu/failures", { signal });
export const listEndpoints = (signal: AbortSignal): Promise<BotEndpoint[]> => call("GET", "/v1/kouyu/endpoints", { signal });
