// One turn: an explanation, its stages, its timeline, and a table of its facts.

import { useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { exportSound, exportTurn, hasSound } from "./export";
import { failures, stagesOf, titleOf, whyCutOff, whyDiscarded, whyEnded, whySlow } from "./explanation";
import { factOf, factsOf } from "./facts";
import type { Fact, TurnRecord } from "./facts";
import { Picture } from "./picture";
import type { Range } from "./picture";
import { span } from "./session_record";
import { StageBar, StageList } from "./stage_bar";

/** The 0 of the axis: the end of the user's speech, from which the stages are counted, or the turn's beginning. */
function zeroOf(record: TurnRecord): number {
  const end = factsOf(record, "speech.ended").at(-1);
  return end?.to_ms ?? factOf(record, "turn.started")?.at_ms ?? 0;
}

/** The whole turn, and the part of it up to a little after the first sound. */
function rangesOf(record: TurnRecord): { whole: Range; decision: Range } {
  const facts = record.facts.filter(({ turn }) => turn === record.turn);
  const [begin, end] = span(facts.length ? facts : record.facts);
  const from = begin - 200;
  const firstSound = factsOf(record, "audio.sent")[0]?.at_ms ?? factsOf(record, "speech.ended").at(-1)?.at_ms;
  const whole = { from, to: Math.max(end, begin + 500) + 200 };
  return { whole, decision: { from, to: Math.min(whole.to, (firstSound ?? whole.to) + 500) } };
}

export function TurnView({ record }: { record: TurnRecord }) {
  const [isWhole, setWhole] = useState(false);
  const stages = stagesOf(record);
  const reasons = [whySlow(record), whyEnded(record), whyDiscarded(record), whyCutOff(record)].filter(Boolean);
  const errors = failures(record);
  const ranges = rangesOf(record);
  return (
    <article class="turn-view" data-turn={record.turn}>
      <header>
        <h3>{titleOf(record)}</h3>
        {!record.ended && <span class="running">{t("timeline.running")}</span>}
      </header>
      <ul class="reasons">
        {reasons.map((reason) => <li key={reason}>{reason}</li>)}
        {errors.map((error) => <li key={error} class="error">{error}</li>)}
      </ul>
      {stages && <StageBar stages={stages} longest={stages.total} />}
      {stages && <StageList stages={stages} />}
      <div class="toolbar">
        <div class="segments" role="group" aria-label={t("timeline.shown")}>
          <button type="button" aria-pressed={!isWhole} onClick={() => setWhole(false)}>{t("timeline.untilSound")}</button>
          <button type="button" aria-pressed={isWhole} onClick={() => setWhole(true)}>{t("timeline.whole")}</button>
        </div>
        <span class="spacer" />
        <button type="button" onClick={() => exportTurn(record)}>JSON</button>
        <button type="button" disabled={!hasSound(record)} title={t("timeline.wavHelp")} onClick={() => exportSound(record)}>WAV</button>
      </div>
      <Picture record={record} range={isWhole ? ranges.whole : ranges.decision} zero={zeroOf(record)} summary={reasons.join(" ") || titleOf(record)} />
      <FactTable record={record} zero={zeroOf(record)} />
    </article>
  );
}

const SHOWN_APART = new Set(["user.audio", "user.voice", "session.configured"]);

/** The fields of a fact besides its type and time. */
function details(fact: Fact): string {
  const rest = Object.entries(fact).filter(([name, value]) => !["type", "at_ms", "turn"].includes(name) && value !== "" && value !== null);
  return rest.map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(" · ");
}

function FactTable({ record, zero }: { record: TurnRecord; zero: number }) {
  const facts = record.facts.filter(({ type }) => !SHOWN_APART.has(type));
  return (
    <details class="fact-table">
      <summary>{t("timeline.allFacts", { count: facts.length })}</summary>
      <table>
        <thead>
          <tr><th>{t("timeline.time")}</th><th>{t("timeline.fact")}</th><th>{t("timeline.details")}</th></tr>
        </thead>
        <tbody>
          {facts.map((fact, index) => (
            <tr key={index}>
              <td>{fact.at_ms < zero ? "−" : "+"}{duration(Math.abs(fact.at_ms - zero))}</td>
              <td><code>{fact.type}</code></td>
              <td>{details(fact)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
