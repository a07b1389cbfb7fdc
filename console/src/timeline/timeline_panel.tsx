// The turns of this page's conversations: one shown, or several compared.

import { useEffect, useRef, useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { Comparison } from "./comparison";
import { stagesOf, titleOf } from "./explanation";
import type { TurnRecord } from "./facts";
import { showTurn, shown, shownTurn } from "./shown_turn";
import { TurnView } from "./turn_view";
import { hints, importTurns, keyOf, mayWatch, turns } from "./watching";
import { Icon } from "../shell/icon";

export function TimelinePanel() {
  const [isComparing, setComparing] = useState(false);
  const record = shown.value;
  return (
    <section class="panel timeline" aria-label={t("timeline.title")}>
      <header class="toolbar">
        <h2>{t("timeline.title")}</h2>
        <span class="spacer" />
        <button type="button" aria-pressed={isComparing} disabled={turns.value.length < 2} onClick={() => setComparing(!isComparing)}>{t("compare.title")}</button>
        <Import />
        <button type="button" class="close quiet" aria-label={t("close")} onClick={() => showTurn()}><Icon name="hangUp" /></button>
      </header>
      {mayWatch.value === false && <p class="hint">{t("timeline.notAllowed")}</p>}
      {hints.value.map((hint) => <p class="hint" key={hint}>{hint}</p>)}
      <TurnList isComparing={isComparing} />
      {isComparing ? <Comparison records={turns.value} /> : record ? <TurnView record={record} key={keyOf(record)} /> : <p class="hint">{t(shownTurn.value ? "timeline.notHere" : "timeline.none")}</p>}
    </section>
  );
}

function TurnList({ isComparing }: { isComparing: boolean }) {
  const list = useRef<HTMLOListElement>(null);
  const count = turns.value.length;
  useEffect(() => list.current?.scrollTo({ left: list.current.scrollWidth }), [count]);
  if (count < 2 || isComparing) return null;
  return (
    <ol class="turn-list" ref={list}>
      {turns.value.map((record) => <TurnTab key={keyOf(record)} record={record} />)}
    </ol>
  );
}

function TurnTab({ record }: { record: TurnRecord }) {
  const stages = stagesOf(record);
  const isShown = shown.value === record;
  return (
    <li>
      <button type="button" aria-current={isShown} onClick={() => showTurn(record)}>
        <span class="title">{titleOf(record)}</span>
        <span class="length">{stages ? duration(stages.total) : "–"}</span>
      </button>
    </li>
  );
}

function Import() {
  const [error, setError] = useState("");
  const read = async (input: HTMLInputElement): Promise<void> => {
    try {
      for (const file of input.files ?? []) importTurns(await file.text());
      setError("");
    } catch {
      setError(t("timeline.noTurn"));
    }
    input.value = "";
  };
  return (
    <label class="button" title={t("timeline.openHelp")}>
      {error || t("timeline.open")}
      <input type="file" class="visually-hidden" accept="application/json,.json" multiple onChange={(event) => void read(event.currentTarget)} />
    </label>
  );
}
