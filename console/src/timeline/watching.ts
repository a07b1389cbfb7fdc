// The diagnostics channel of the page's own sessions.

import { computed, signal } from "@preact/signals";

import { accessToken } from "../server/access_token";
import type { Fact, SessionFact, TurnRecord } from "./facts";
import { SessionRecord } from "./session_record";

const RETRY_MS = 2_000;

/** Sessions by log id, in the order in which they began. They change in place; `changes` counts that. */
const sessions = new Map<string, SessionRecord>();
const changes = signal(0);

/** Turns read from files, to compare with. */
const imported = signal<readonly TurnRecord[]>([]);

/** Whether the token may see its sessions' diagnostics; null until the server has said anything. */
export const mayWatch = signal<boolean | null>(null);

/** All turns of this page's sessions, oldest first, then those from files. */
export const turns = computed<readonly TurnRecord[]>(() => {
  changes.value;
  return [...[...sessions.values()].flatMap((session) => session.records()), ...imported.value];
});

/** Likely mistakes in what this page's newest session sends. */
export const hints = computed<readonly string[]>(() => {
  changes.value;
  return [...([...sessions.values()].at(-1)?.hints ?? [])];
});

/** The unique key of a turn. */
export const keyOf = (record: TurnRecord): string => `${record.session.log_id}/${record.turn}`;

/** Session time minus this machine's `Date.now()`: the server's clock may differ. */
const clockOffsets = new Map<string, number>();

/** What to add to this machine's clock (Unix ms) to get the time on a session's axis. */
export const clockOffset = (logId: string): number => clockOffsets.get(logId) ?? 0;

let socket: WebSocket | undefined;

/** Watches the session with this log id from now on. */
export function watch(logId: string): void {
  socket?.close();
  // Without URLSearchParams: the server does not decode "+", which tokens may contain.
  const query = `log_id=${encodeURIComponent(logId)}&authorization=${encodeURIComponent(`Bearer ${accessToken.value}`)}`;
  const opened = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/diagnostics?${query}`);
  socket = opened;
  opened.onmessage = (message) => receive(JSON.parse(String(message.data)) as Told);
  opened.onclose = () => {
    if (socket === opened && mayWatch.value !== false && !hasEnded(logId)) {
      setTimeout(() => socket === opened && watch(logId), RETRY_MS);
    }
  };
}

type Told = { session: string; fact: Fact } | { event_type: "error"; data: { msg: string } };

const ended = new Set<string>();
const hasEnded = (logId: string): boolean => ended.has(logId);

function receive(told: Told): void {
  if ("event_type" in told) {
    mayWatch.value = false;
    return;
  }
  mayWatch.value = true;
  const { session: logId, fact } = told;
  if (fact.type === "session") begin(logId, fact);
  if (fact.type === "session.ended") ended.add(logId);
  const session = sessions.get(logId);
  if (!session) return;
  session.add(fact);
  // Facts arrive after they happened: the smallest observed delay is the best estimate.
  clockOffsets.set(logId, Math.max(clockOffsets.get(logId) ?? -Infinity, fact.at_ms - Date.now()));
  showSoon();
}

function begin(logId: string, fact: SessionFact): void {
  const known = sessions.get(logId);
  if (known) known.session = fact;
  else sessions.set(logId, new SessionRecord(fact));
}

let isShowing = false;

/** Facts come in bursts: the page is rendered at most every tenth of a second. */
function showSoon(): void {
  if (isShowing) return;
  isShowing = true;
  setTimeout(() => {
    isShowing = false;
    changes.value++;
  }, 100);
}

/** Adds the turns of a file; throws if it contains none. */
export function importTurns(text: string): void {
  const content = JSON.parse(text) as TurnRecord | TurnRecord[];
  const records = Array.isArray(content) ? content : [content];
  if (!records.every((record) => record.format === "kouyu.turn")) throw new Error("kouyu.turn");
  imported.value = [...imported.value, ...records];
}
