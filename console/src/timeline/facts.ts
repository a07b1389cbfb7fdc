// The facts of a turn, as the diagnostics channel sends them (docs/diagnostics.md). All times in ms on the session's axis.

/** One member for each of several types, so that `FactOf` finds it. */
type Happened<Type extends string> = Type extends string ? { type: Type; at_ms: number; turn?: number } : never;

export interface SessionFact extends Happened<"session"> {
  log_id: string;
  epoch_ms: number;
  bot_id: string;
  workflow_id: string;
  conversation_id: string;
  /** What the client calls itself. */
  software: string;
}

/** The user's waveform: the largest absolute sample, 0 to 1, of each equal piece. */
export interface UserAudio extends Happened<"user.audio"> {
  from_ms: number;
  to_ms: number;
  piece_ms: number;
  peaks: number[];
}

/** The probability of speech, 0 to 1, of each equal chunk. */
export interface UserVoice extends Happened<"user.voice"> {
  from_ms: number;
  to_ms: number;
  chunk_ms: number;
  probabilities: number[];
}

export type StageName = "silence" | "recognition" | "first_token" | "first_sentence" | "synthesis" | "sending";
export type Stages = Record<StageName | "total", number>;

export const STAGES: readonly StageName[] = [
  "silence",
  "recognition",
  "first_token",
  "first_sentence",
  "synthesis",
  "sending",
];

export interface TurnEnded extends Happened<"turn.ended"> {
  stages: Stages | null;
  work: Record<string, number | null>;
}

export interface SpeechEnded extends Happened<"speech.ended"> {
  to_ms: number;
  silence_ms: number;
  reason: "silence" | "judged_complete" | "audio_stopped" | "longest_utterance" | "client" | "discarded";
}

export interface BargeIn extends Happened<"barge_in"> {
  code: number;
  by_turn: number;
  speech_ms: number;
  needed_ms: number;
  keyword: string;
  heard: string | null;
  unheard_ms: number;
}

export interface AudioSent extends Happened<"audio.sent"> {
  packets: number;
  audio_ms: number;
  from_ms: number;
  to_ms: number;
  held_ms: number;
}

export type Fact =
  | SessionFact
  | UserAudio
  | UserVoice
  | TurnEnded
  | SpeechEnded
  | BargeIn
  | AudioSent
  | (Happened<"session.configured"> & { configuration: { [key: string]: unknown } })
  | (Happened<"facts.dropped"> & { count: number })
  // A message of the client, and one to it (`Watching.wire`).
  | (Happened<"event.received" | "event.sent"> & { bytes: number; audio_bytes: number; event: { [key: string]: unknown } | null; text: string })
  | (Happened<"turn.started"> & { cause: "speech" | "push_to_talk" | "text" | "announcement" })
  | (Happened<"speech.started"> & { from_ms: number })
  | (Happened<"speech.paused"> & { from_ms: number })
  | (Happened<"transcript.asked"> & { order: number; final: boolean; from_ms: number; to_ms: number })
  | (Happened<"transcript.ready"> & { order: number; final: boolean; text: string; language: string; took_ms: number })
  | (Happened<"transcript.canceled" | "synthesis.canceled"> & { order: number })
  | (Happened<"end_of_turn.asked"> & { transcript: string })
  | (Happened<"end_of_turn.judged"> & { completeness: number; threshold: number; took_ms: number })
  | (Happened<"speculation.discarded"> & { reason: string })
  | (Happened<"reply.asked"> & { order: number; question: string; chat_id: string })
  | (Happened<"reply.first_token"> & { order: number; took_ms: number })
  | (Happened<"reply.tool_calls"> & { order: number; names: string[] })
  | (Happened<"reply.finished"> & { order: number; text: string; took_ms: number })
  | (Happened<"synthesis.started"> & { order: number; text: string })
  | (Happened<"synthesis.first_audio"> & { order: number; took_ms: number })
  | (Happened<"synthesis.finished"> & { order: number; took_ms: number; audio_ms: number })
  | (Happened<"sentence.started"> & { text: string })
  | (Happened<"chat"> & { chat_id: string; status: string; reason: string })
  | (Happened<"hint"> & { message: string })
  | (Happened<"error"> & { stage: string; code: number; message: string })
  | Happened<"session.ended" | "speech.resumed" | "speculation.started" | "speculation.committed" | "audio.completed">;

export type FactType = Fact["type"];
export type FactOf<Type extends FactType> = Extract<Fact, { type: Type }>;

/** A turn as a file, and as the page holds it. */
export interface TurnRecord {
  format: "kouyu.turn";
  version: 1;
  session: SessionFact;
  turn: number;
  chat_id: string;
  ended: boolean;
  facts: Fact[];
}

/** The facts of this type, in their order. */
export function factsOf<Type extends FactType>(record: TurnRecord, type: Type): FactOf<Type>[] {
  return record.facts.filter((fact): fact is FactOf<Type> => fact.type === type);
}

/** The first fact of this type that `isIt`. */
export function factOf<Type extends FactType>(
  record: TurnRecord,
  type: Type,
  isIt: (fact: FactOf<Type>) => boolean = () => true,
): FactOf<Type> | undefined {
  return factsOf(record, type).find(isIt);
}
