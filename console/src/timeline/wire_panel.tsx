// The messages of a connection as a list: what is said on the wire, both ways.

import type { ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { CodeDialog } from "../shell/code_dialog";
import { download } from "../shell/download";
import { replayScript } from "./replay_script";
import type { SessionRecord } from "./session_record";
import { typeOf } from "./wire_log";
import type { WireLog, WireRow } from "./wire_log";

/** A log that changes in place, and a count of its changes. */
export interface WireSource {
  log: () => WireLog;
  changes: ReadonlySignal<number>;
}

/** Rows that are shown at first, and with each press of "More". */
const SHOWN = 200;

export function WirePanel({ source, session }: { source: WireSource; session: SessionRecord | undefined }) {
  const [words, setWords] = useState("");
  const [hasAudio, setAudio] = useState(true);
  const [hasScript, setScript] = useState(false);
  const [most, setMost] = useState(SHOWN);
  source.changes.value;
  const log = source.log();
  const wanted = log.rows.filter((row) => (hasAudio || row.audio_bytes === 0) && contains(row, words));
  const shown = wanted.slice(-most);
  const first = wanted.length - shown.length;
  return (
    <div class="wire-panel">
      <div class="toolbar">
        <input type="search" value={words} placeholder={t("wire.find")} aria-label={t("wire.find")} onInput={(event) => setWords(event.currentTarget.value)} />
        <label class="check"><input type="checkbox" checked={hasAudio} onChange={(event) => setAudio(event.currentTarget.checked)} />{t("wire.audio")}</label>
        <button type="button" disabled={log.rows.length === 0 || !session} title={t("wire.scriptHelp")} onClick={() => setScript(true)}>{t("wire.script")}</button>
        <button type="button" disabled={log.rows.length === 0} onClick={() => save(log, session)}>JSON</button>
      </div>
      {hasScript && session && <Script log={log} session={session} onClose={() => setScript(false)} />}
      {log.dropped > 0 && <p class="hint">{t("wire.dropped", { count: log.dropped })}</p>}
      {log.rows.length === 0 && <p class="hint">{t("wire.none")}</p>}
      {first > 0 && <button type="button" onClick={() => setMost(most + SHOWN)}>{t("wire.earlier", { count: first })}</button>}
      <Rows rows={shown} from={log.dropped + first} />
    </div>
  );
}

/** The program that replays the log, as it is when it is opened. */
function Script({ log, session, onClose }: { log: WireLog; session: SessionRecord; onClose: () => void }) {
  const text = useMemo(() => replayScript(log, session.session, session.configured?.configuration ?? {}, location.origin), []);
  return <CodeDialog title={t("wire.script")} hint={t("wire.scriptHelp")} programs={[{ language: "Python", file: "replay.py", text }]} onClose={onClose} />;
}

const contains = (row: WireRow, words: string): boolean =>
  words === "" || `${JSON.stringify(row.event)} ${row.text}`.toLowerCase().includes(words.toLowerCase());

function Rows({ rows, from }: { rows: readonly WireRow[]; from: number }) {
  const list = useRef<HTMLOListElement>(null);
  // Stays at the end, unless the user has scrolled back.
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  });
  const onScroll = ({ currentTarget: box }: { currentTarget: HTMLElement }): void => {
    isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
  };
  return (
    <ol class="wire" ref={list} tabIndex={0} aria-label={t("wire.title")} onScroll={onScroll}>
      {rows.map((row, index) => <Row key={from + index} row={row} />)}
    </ol>
  );
}

function Row({ row }: { row: WireRow }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class={row.direction}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <time>{(row.at_ms / 1000).toFixed(3)}</time>
          <span class="arrow" aria-hidden="true">{row.direction === "up" ? "↑" : "↓"}</span>
          <span class="visually-hidden">{t(row.direction === "up" ? "wire.up" : "wire.down")}</span>
          <code>{typeOf(row)}</code>
          <span class="brief">{brief(row)}</span>
        </summary>
        {isOpen && <pre>{row.event ? JSON.stringify(row.event, null, 2) : row.text}</pre>}
      </details>
    </li>
  );
}

/** What is in a row, in one line. */
function brief(row: WireRow): string {
  if (row.audio_bytes > 0) {
    const size = t("wire.audioOf", { count: row.count, bytes: row.audio_bytes.toLocaleString(document.documentElement.lang) });
    return row.count > 1 ? `${size} · ${duration(row.to_ms - row.at_ms)}` : size;
  }
  if (!row.event) return row.text.slice(0, BRIEF);
  const { data } = row.event;
  if (data === null || typeof data !== "object" || Array.isArray(data)) return data === undefined ? "" : JSON.stringify(data).slice(0, BRIEF);
  const told = Object.entries(data).filter(([name]) => !isId(name));
  return told.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(" · ").slice(0, BRIEF);
}

/** Characters of a row's one line. */
const BRIEF = 200;

/** Ids and times say little at a glance; the opened row has them. */
const isId = (name: string): boolean => name === "id" || name.endsWith("_id") || name.endsWith("_at");

/** Saves the messages, one JSON object for each row. */
function save(log: WireLog, session: SessionRecord | undefined): void {
  const about = session?.session;
  const content = { format: "kouyu.wire", version: 1, session: about ?? null, dropped: log.dropped, messages: log.rows };
  download(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }), `events-${about?.log_id.slice(-8) ?? "kouyu"}.json`);
}
