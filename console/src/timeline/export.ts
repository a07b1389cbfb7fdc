import { valueAt } from "../settings/chosen";
import { factsOf } from "./facts";
import type { TurnRecord } from "./facts";
import { SENT_RATE, receivedOf, sentBetween } from "./recorded";
import { download } from "../shell/download";
import { span } from "./session_record";
import { clockOffset } from "./watching";
import { atRate, wavFile } from "./wav";

const nameOf = (record: TurnRecord): string => `turn-${record.session.log_id.slice(-8)}-${record.turn}`;

/** Saves a turn as the file that docs/diagnostics.md describes. */
export function exportTurn(record: TurnRecord): void {
  download(new Blob([JSON.stringify(record, null, 1)], { type: "application/json" }), `${nameOf(record)}.json`);
}

/** The user's audio of a turn, from half a second before it, and the time of its first sample. */
function userSound(record: TurnRecord): { from: number; pieces: readonly { unixMs: number; samples: Int16Array }[] } {
  const [begin, end] = span(record.facts.filter(({ turn }) => turn === record.turn));
  const offset = clockOffset(record.session.log_id);
  const from = begin - 500;
  return { from, pieces: sentBetween(from - offset, end - offset) };
}

/** Whether this page still has any audio of a turn. */
export function hasSound(record: TurnRecord): boolean {
  return userSound(record).pieces.length > 0 || receivedOf(record.chat_id).length > 0;
}

/** Saves a turn's audio as WAV: the user on the left, the agent on the right, synchronised. */
export function exportSound(record: TurnRecord): void {
  const rate = Number(valueAt("output_audio.pcm_config.sample_rate") ?? 24_000);
  const { from, pieces } = userSound(record);
  const offset = clockOffset(record.session.log_id);
  const answerFrom = factsOf(record, "audio.sent")[0]?.from_ms ?? from;
  const at = (ms: number): number => Math.max(0, Math.round(((ms - from) / 1000) * rate));
  const placed: { at: number; channel: 0 | 1; samples: Int16Array }[] = [];
  let userNext = 0;
  for (const { unixMs, samples } of pieces) {
    const converted = atRate(samples, SENT_RATE, rate);
    // A piece is sent when its last sample was recorded. Pieces follow one another unless the microphone was off.
    const heard = at(unixMs + offset) - converted.length;
    const start = Math.abs(heard - userNext) < rate / 5 && userNext > 0 ? userNext : Math.max(heard, userNext);
    placed.push({ at: start, channel: 0, samples: converted });
    userNext = start + converted.length;
  }
  let answerNext = at(answerFrom);
  for (const samples of receivedOf(record.chat_id)) {
    placed.push({ at: answerNext, channel: 1, samples });
    answerNext += samples.length;
  }
  const mixed = new Int16Array(Math.max(userNext, answerNext) * 2);
  for (const piece of placed) piece.samples.forEach((sample, index) => (mixed[(piece.at + index) * 2 + piece.channel] = sample));
  download(wavFile(mixed, rate, 2), `${nameOf(record)}.wav`);
}
