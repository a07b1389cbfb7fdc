import { call } from "./rest";

export const STAGES = ["first_audio", "transcript", "first_token", "first_speech", "barge_in"] as const;
export type StageName = (typeof STAGES)[number];

/** The metrics of the last 15 minutes, oldest first: every list has one value for each time of `at` (Unix seconds). */
export interface MetricsPoints {
  every_s: number;
  at: number[];
  sessions: number[];
  turns: number[];
  loop_lag_ms: number[];
  /** These four count what was added since the point before. */
  errors: number[];
  failed_turns: number[];
  refused_overloaded: number[];
  refused_full: number[];
  /** Quantiles over the minute before each point; null where nothing was measured in it. */
  latencies: Record<StageName, { p50_ms: (number | null)[]; p90_ms: (number | null)[] }>;
}

export const getMetrics = (signal: AbortSignal): Promise<MetricsPoints> => call("GET", "/v1/kouyu/metrics", { signal });
