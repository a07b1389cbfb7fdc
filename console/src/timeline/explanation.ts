// Explains a turn in words from its facts: why it was slow, why it was interrupted.

import { duration, t } from "../language/language";
import type { TextName } from "../language/language";
import { guessedContent } from "../talk/content";
import type { Content } from "../talk/content";
import { STAGES, factOf, factsOf } from "./facts";
import type { StageName, Stages, TurnRecord, UserVoice } from "./facts";

export const stageText = (stage: StageName): string => t(`stage.${stage}` as TextName);

/** The stages of a turn that was answered with audio; null for others, and before the turn's end. */
export function stagesOf(record: TurnRecord): Stages | null {
  return factOf(record, "turn.ended")?.stages ?? null;
}

/** The turn's title: what the user said, or the announcement. */
export function titleOf(record: TurnRecord): string {
  const final = factsOf(record, "transcript.ready").findLast(({ final }) => final);
  const question = factsOf(record, "reply.asked").at(-1)?.question;
  const heard = factsOf(record, "transcript.ready").at(-1)?.text;
  const announced = factOf(record, "sentence.started")?.text;
  return (question && titled(guessedContent(question))) || final?.text || heard || announced || "…";
}

const titled = ({ text, files }: Content): string => text || (files.length ? t("conversations.files") : "");

/** Why the answer took its time; "" if there was none. */
export function whySlow(record: TurnRecord): string {
  const stages = stagesOf(record);
  if (!stages) return "";
  const longest = STAGES.reduce((most, stage) => (stages[stage] > stages[most] ? stage : most));
  const places = { total: duration(stages.total), stage: stageText(longest), length: duration(stages[longest]) };
  return t(stages.silence > 0 ? "why.slowSpoken" : "why.slow", places);
}

/** Why the user's turn ended when it did; "" for turns that were not spoken. */
export function whyEnded(record: TurnRecord): string {
  const end = factsOf(record, "speech.ended").at(-1);
  if (!end) return "";
  const places: Record<string, string> = {
    silence: duration(end.silence_ms),
    limit: silenceLimit(record),
    ...voiceBetween(record, end.to_ms, end.at_ms),
  };
  const judged = factsOf(record, "end_of_turn.judged").at(-1);
  if (judged) {
    places["completeness"] = judged.completeness.toFixed(2);
    places["threshold"] = judged.threshold.toFixed(2);
  }
  const unfinished = judged && end.reason === "silence" && judged.completeness < judged.threshold;
  return t(unfinished ? "why.ended.unfinished" : (`why.ended.${end.reason}` as TextName), places);
}

/** How an answer was interrupted; "" if it was not. */
export function whyCutOff(record: TurnRecord): string {
  const cut = factOf(record, "barge_in");
  if (!cut) return "";
  const places = { speech: duration(cut.speech_ms), needed: duration(cut.needed_ms), keyword: cut.keyword };
  const how = cut.code === 1 ? t(cut.keyword ? "why.cut.keyword" : "why.cut.speech", places) : t(cut.code === 2 ? "why.cut.client" : "why.cut.content");
  return cut.unheard_ms > 0 ? `${how} ${t("why.cut.unheard", { length: duration(cut.unheard_ms) })}` : how;
}

/** How often a prepared reply was discarded because the user spoke on; "" if never. */
export function whyDiscarded(record: TurnRecord): string {
  const times = factsOf(record, "speculation.discarded").filter(({ reason }) => reason === "spoke_on").length;
  return times > 0 ? t("why.discarded", { times }) : "";
}

/** Everything that failed in a turn. */
export const failures = (record: TurnRecord): string[] =>
  factsOf(record, "error").map(({ stage, message }) => `${t(`failed.${stage}` as TextName)}: ${message}`);

function silenceLimit(record: TurnRecord): string {
  const configuration = factOf(record, "session.configured")?.configuration as
    | { turn_detection?: { silence_duration_ms?: number } }
    | undefined;
  const limit = configuration?.turn_detection?.silence_duration_ms;
  return limit === undefined ? "?" : duration(limit);
}

/** The average and the maximum speech probability between two times. */
function voiceBetween(record: TurnRecord, from: number, to: number): { average: string; most: string } {
  const inside = (fact: UserVoice): number[] =>
    fact.probabilities.filter((_probability, index) => {
      const at = fact.from_ms + index * fact.chunk_ms;
      return at >= from && at + fact.chunk_ms <= to;
    });
  const heard = factsOf(record, "user.voice").flatMap(inside);
  const average = heard.reduce((sum, probability) => sum + probability, 0) / Math.max(heard.length, 1);
  return { average: average.toFixed(2), most: Math.max(0, ...heard).toFixed(2) };
}
