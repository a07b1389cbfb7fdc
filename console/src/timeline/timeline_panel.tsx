// The turns of watched sessions, one shown or several compared, and the messages of the newest connection.

import { useEffect, useRef, useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { Comparison } from "./comparison";
import { ExampleTurn } from "./example_turn";
import { stagesOf, titleOf } from "./explanation";
import type { TurnRecord } from "./facts";
import { showTurn, shownAmong, shownTurn } from "./shown_turn";
import { TurnView } from "./turn_view";
import { importTurns, keyOf, own } from "./watching";
import type { Watching } from "./watching";
import { WirePanel } from "./wire_panel";
import type { WireSource } from "./wire_panel";
import { Icon } from "../shell/icon";

/** `wire`: where the messages of the newest session's connection are. */
export function TimelinePanel({ of: watching, wire }: { of: Watching; wire: WireSource }) {
  const [hasEvents, setEvents] = useState(false);
  const [isComparing, setComparing] = useState(false);
  const turns = watching.turns.value;
  return (
    <section class="panel timeline" aria-label={t("timeline.title")}>
      <header class="toolbar">
        <h2>{t("timeline.title")}</h2>
        <div class="segments" role="group" aria-label={t("timeline.parts")}>
          <button type="button" aria-pressed={!hasEvents} onClick={() => setEvents(false)}>{t("timeline.turns")}</button>
          <button type="button" aria-pressed={hasEvents} title={t("wire.help")} onClick={() => setEvents(true)}>{t("wire.title")}</button>
        </div>
        <span class="spacer" />
        {!hasEvents && <button type="button" aria-pressed={isComparing} disabled={turns.length < 2} onClick={() => setComparing(!isComparing)}>{t("compare.title")}</button>}
        {!hasEvents && watching.withFiles && <Import />}
        <button type="button" class="close quiet" aria-label={t("close")} onClick={() => showTurn()}><Icon name="hangUp" /></button>
      </header>
      {watching.mayWatch.value === false && <p class="hint">{t("timeline.notAllowed")}</p>}
      {watching.hints.value.map((hint) => <p class="hint" key={hint}>{hint}</p>)}
      {hasEvents ? <WirePanel source={wire} session={watching.session.value} /> : isComparing ? <Comparison records={turns} /> : <Turns turns={turns} isOwn={watching === own} />}
    </section>
  );
}

function Turns({ turns, isOwn }: { turns: readonly TurnRecord[]; isOwn: boolean }) {
  const record = shownAmong(turns);
  return (
    <>
      {turns.length > 1 && <TurnList turns={turns} shown={record} />}
      {record ? <TurnView record={record} key={keyOf(record)} /> : isOwn && !shownTurn.value ? <ExampleTurn /> : <p class="hint">{t(shownTurn.value ? "timeline.notHere" : "timeline.none")}</p>}
    </>
  );
}

function TurnList({ turns, shown }: { turns: readonly TurnRecord[]; shown: TurnRecord | undefined }) {
  const list = useRef<HTMLOListElement>(null);
  const count = turns.length;
  useEffect(() => list.current?.scrollTo({ left: list.current.scrollWidth }), [count]);
  return (
    <ol class="turn-list" ref={list}>
      {turns.map((record) => <TurnTab key={keyOf(record)} record={record} isShown={record === shown} />)}
    </ol>
  );
}

function TurnTab({ record, isShown }: { record: TurnRecord; isShown: boolean }) {
  const stages = stagesOf(record);
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
