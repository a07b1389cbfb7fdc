// Computes bars and marks on lanes from the facts of a turn, on the session's time axis.

import { duration, t } from "../language/language";
import { factsOf } from "./facts";
import type { AudioSent, Fact, TurnRecord } from "./facts";

/** What a bar shows; determines its colour. */
export type Look =
  | "speech" | "pause" | "interim" | "recognition" | "judgement" | "speculation" | "committed" | "discarded"
  | "waiting" | "reply" | "synthesis" | "sound" | "unheard";

export interface Bar {
  from: number;
  to: number;
  look: Look;
  label: string;
  /** The full text, as a title and for screen readers. */
  title: string;
}

export interface Mark {
  at: number;
  look: "start" | "end" | "first" | "cut" | "error";
  title: string;
}

export interface Lane {
  name: string;
  bars: Bar[];
  marks: Mark[];
}

interface Ended {
  at_ms: number;
  text?: string;
}

/** The lanes that are not empty. Bars that are still running end at `until`. */
export function lanesOf(record: TurnRecord, until: number): Lane[] {
  const lanes = [
    speechLane(record, until),
    transcriptLane(record, until),
    judgementLane(record, until),
    speculationLane(record, until),
    replyLane(record, until),
    synthesisLane(record, until),
    soundLane(record),
  ];
  return lanes.filter((lane) => lane.bars.length > 0 || lane.marks.length > 0);
}

const lane = (name: string, bars: Bar[], marks: Mark[] = []): Lane => ({ name, bars, marks });

function speechLane(record: TurnRecord, until: number): Lane {
  const bars: Bar[] = [];
  const marks: Mark[] = [];
  let speechFrom: number | undefined;
  let pauseFrom: number | undefined;
  const bar = (from: number, to: number, look: "speech" | "pause"): void => {
    const label = t(look === "speech" ? "bar.speech" : "bar.pause");
    bars.push({ from, to, look, label: `${label} ${duration(to - from)}`, title: `${label}: ${duration(to - from)}` });
  };
  for (const fact of record.facts) {
    if (fact.type === "speech.started") {
      speechFrom = fact.from_ms;
      marks.push({ at: fact.at_ms, look: "start", title: t("mark.speechStarted", { late: duration(fact.at_ms - fact.from_ms) }) });
    } else if (fact.type === "speech.paused" && speechFrom !== undefined) {
      bar(speechFrom, fact.from_ms, "speech");
      [speechFrom, pauseFrom] = [undefined, fact.from_ms];
    } else if (fact.type === "speech.resumed" && pauseFrom !== undefined) {
      bar(pauseFrom, fact.at_ms, "pause");
      [speechFrom, pauseFrom] = [fact.at_ms, undefined];
    } else if (fact.type === "speech.ended") {
      if (speechFrom !== undefined) bar(speechFrom, fact.to_ms, "speech");
      bar(pauseFrom ?? fact.to_ms, fact.at_ms, "pause");
      [speechFrom, pauseFrom] = [undefined, undefined];
      marks.push({ at: fact.at_ms, look: "end", title: t("mark.speechEnded") });
    }
  }
  if (speechFrom !== undefined) bar(speechFrom, until, "speech");
  if (pauseFrom !== undefined) bar(pauseFrom, until, "pause");
  return lane(t("lane.speech"), bars, marks);
}

function transcriptLane(record: TurnRecord, until: number): Lane {
  const bars = factsOf(record, "transcript.asked").map((asked): Bar => {
    const ready = factsOf(record, "transcript.ready").find(({ order }) => order === asked.order);
    const canceled = factsOf(record, "transcript.canceled").find(({ order }) => order === asked.order);
    const to = ready?.at_ms ?? canceled?.at_ms ?? until;
    const name = t(asked.final ? "bar.finalTranscript" : "bar.interimTranscript");
    const text = ready ? `“${ready.text}”` : t(canceled ? "bar.canceled" : "bar.running");
    const title = `${name}: ${duration(to - asked.at_ms)}. ${text}`;
    const look = canceled && !ready ? "discarded" : asked.final ? "recognition" : "interim";
    return { from: asked.at_ms, to, look, label: ready ? ready.text : "", title };
  });
  return lane(t("lane.transcript"), bars);
}

function judgementLane(record: TurnRecord, until: number): Lane {
  const asked = factsOf(record, "end_of_turn.asked");
  const bars = asked.map((begin, index): Bar => {
    const end = asked[index + 1]?.at_ms ?? Infinity;
    const judged = factsOf(record, "end_of_turn.judged").find(({ at_ms }) => at_ms >= begin.at_ms && at_ms < end);
    const to = judged?.at_ms ?? Math.min(end, until);
    const verdict = judged ? `${judged.completeness.toFixed(2)} / ${judged.threshold.toFixed(2)}` : "";
    return { from: begin.at_ms, to, look: "judgement", label: verdict, title: t("bar.judgement", { verdict }) };
  });
  return lane(t("lane.judgement"), bars);
}

function speculationLane(record: TurnRecord, until: number): Lane {
  const bars: Bar[] = [];
  let from: number | undefined;
  const end = (to: number, look: "speculation" | "committed" | "discarded", why = ""): void => {
    if (from === undefined) return;
    const label = t(`bar.${look}`);
    bars.push({ from, to, look, label, title: `${label}${why && ` (${why})`}: ${duration(to - from)}` });
    from = undefined;
  };
  for (const fact of record.facts) {
    if (fact.type === "speculation.started") from = fact.at_ms;
    else if (fact.type === "speculation.committed") end(fact.at_ms, "committed");
    else if (fact.type === "speculation.discarded") end(fact.at_ms, "discarded", fact.reason.replaceAll("_", " "));
  }
  end(until, "speculation");
  return lane(t("lane.speculation"), bars);
}

function replyLane(record: TurnRecord, until: number): Lane {
  const asked = factsOf(record, "reply.asked");
  const bars = asked.flatMap((begin, index): Bar[] => {
    const isIts = (fact: { order: number }): boolean => fact.order === begin.order;
    const first = factsOf(record, "reply.first_token").find(isIts);
    const finished: Ended | undefined = factsOf(record, "reply.finished").find(isIts) ?? factsOf(record, "reply.tool_calls").find(isIts);
    const next = asked[index + 1]?.at_ms ?? Infinity;
    const discarded = factsOf(record, "speculation.discarded").find(({ at_ms }) => at_ms >= begin.at_ms && at_ms <= next);
    const stopped = finished?.at_ms ?? discarded?.at_ms ?? Math.min(next, factsOf(record, "barge_in")[0]?.at_ms ?? until);
    const wait = duration((first?.at_ms ?? stopped) - begin.at_ms);
    const thinking: Bar = { from: begin.at_ms, to: first?.at_ms ?? stopped, look: discarded ? "discarded" : "waiting", label: wait, title: t("bar.firstToken", { wait }) };
    if (!first) return [thinking];
    const text = finished?.text ?? "";
    const title = t("bar.answer", { length: duration(stopped - first.at_ms), text });
    return [thinking, { from: first.at_ms, to: stopped, look: discarded ? "discarded" : "reply", label: text, title }];
  });
  return lane(t("lane.reply"), bars);
}

function synthesisLane(record: TurnRecord, until: number): Lane {
  const bars = factsOf(record, "synthesis.started").flatMap((begin): Bar[] => {
    const isIts = (fact: { order: number }): boolean => fact.order === begin.order;
    const first = factsOf(record, "synthesis.first_audio").find(isIts);
    const finished: Ended | undefined = factsOf(record, "synthesis.finished").find(isIts) ?? factsOf(record, "synthesis.canceled").find(isIts);
    const to = finished?.at_ms ?? until;
    const wait = duration((first?.at_ms ?? to) - begin.at_ms);
    const waiting: Bar = { from: begin.at_ms, to: first?.at_ms ?? to, look: "waiting", label: "", title: t("bar.firstAudio", { wait, text: begin.text }) };
    if (!first) return [waiting];
    return [waiting, { from: first.at_ms, to, look: "synthesis", label: begin.text, title: t("bar.synthesis", { text: begin.text }) }];
  });
  return lane(t("lane.synthesis"), bars);
}

const isSentence = (fact: Fact): boolean => fact.type === "sentence.started";

function soundLane(record: TurnRecord): Lane {
  const cut = factsOf(record, "barge_in")[0];
  const bars: Bar[] = [];
  const bar = (from: number, to: number, text: string, look: Look): void => {
    if (to > from) bars.push({ from, to, look, label: text, title: `${t(look === "unheard" ? "bar.unheard" : "bar.sound")}: “${text}”, ${duration(to - from)}` });
  };
  let text = "";
  let sent: AudioSent[] = [];
  const endSentence = (): void => {
    const [from, to] = [sent[0]?.from_ms, sent.at(-1)?.to_ms];
    sent = [];
    if (from === undefined || to === undefined) return;
    const heardUntil = Math.min(to, cut?.at_ms ?? Infinity);
    bar(from, heardUntil, text, "sound");
    bar(Math.max(from, heardUntil), to, text, "unheard");
  };
  for (const fact of record.facts) {
    if (isSentence(fact)) endSentence();
    if (fact.type === "sentence.started") text = fact.text;
    if (fact.type === "audio.sent") sent.push(fact);
  }
  endSentence();
  const marks: Mark[] = factsOf(record, "error").map(({ at_ms, message }) => ({ at: at_ms, look: "error", title: message }));
  const first = factsOf(record, "audio.sent")[0];
  if (first) marks.push({ at: first.at_ms, look: "first", title: t("mark.firstSound") });
  if (cut) marks.push({ at: cut.at_ms, look: "cut", title: t("mark.bargeIn") });
  return lane(t("lane.sound"), bars, marks);
}
