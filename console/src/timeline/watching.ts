// Sessions that are watched through the diagnostics channel, and their turns.

import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";

import { accessToken } from "../server/access_token";
import type { Fact, SessionFact, TurnRecord } from "./facts";
import { SessionRecord } from "./session_record";
import { WireLog } from "./wire_log";

const RETRY_MS = 2_000;
/** Facts come in bursts: the page is rendered at most this often. */
const SHOWN_EVERY_MS = 100;
const FIRST_LIMIT_MS = 1_000;

/** The unique key of a turn. */
export const keyOf = (record: TurnRecord): string => `${record.session.log_id}/${record.turn}`;

/** Session time minus this machine's `Date.now()`: the server's clock may differ. */
const clockOffsets = new Map<string, number>();

/** What to add to this machine's clock (Unix ms) to get the time on a session's axis. */
export const clockOffset = (logId: string): number => clockOffsets.get(logId) ?? 0;

/** Turns read from files, to compare with. */
const imported = signal<readonly TurnRecord[]>([]);

type Told = { session: string; fact: Fact } | { event_type: "error"; data: { msg: string } };

/** A watcher of one session at a time. It keeps the turns of all that it has watched. */
export class Watching {
  /** By log id, in the order in which they began. They change in place; `changes` counts that. */
  private readonly sessions = new Map<string, SessionRecord>();
  private readonly changes = signal(0);
  private readonly ended = new Set<string>();
  private socket: WebSocket | undefined;
  private isShowing = false;
  private readonly waiting: (() => void)[] = [];

  /** Whether the token may see diagnostics; null until the server has said anything. */
  readonly mayWatch = signal<boolean | null>(null);

  /** The newest session; undefined before the first. */
  readonly session: ReadonlySignal<SessionRecord | undefined> = computed(() => {
    this.changes.value;
    return [...this.sessions.values()].at(-1);
  });

  /** All turns, oldest first, then those from files. */
  readonly turns: ReadonlySignal<readonly TurnRecord[]> = computed(() => {
    this.changes.value;
    const own = [...this.sessions.values()].flatMap((session) => session.records());
    return this.withFiles ? [...own, ...imported.value] : own;
  });

  /** Likely mistakes in what the client of the newest session sends. */
  readonly hints: ReadonlySignal<readonly string[]> = computed(() => {
    this.changes.value;
    return [...(this.session.value?.hints ?? [])];
  });

  /** Whether the newest session is over. */
  readonly hasEnded: ReadonlySignal<boolean> = computed(() => {
    this.changes.value;
    return this.ended.has(this.session.value?.session.log_id ?? "");
  });

  /** The messages of the connection, if they are watched; it changes in place, and `wireChanges` counts that. */
  readonly wire = new WireLog();
  readonly wireChanges: ReadonlySignal<number> = this.changes;

  /** `withEvents`: each message of the connection too. `withFiles`: the turns of files are among its turns. */
  constructor(private readonly withEvents: boolean, readonly withFiles: boolean) {}

  /** Watches the session with this log id from now on. */
  watch(logId: string): void {
    this.stop();
    // Without URLSearchParams: the server does not decode "+", which tokens may contain.
    const query = `log_id=${encodeURIComponent(logId)}&events=${this.withEvents}&authorization=${encodeURIComponent(`Bearer ${accessToken.value}`)}`;
    const opened = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/diagnostics?${query}`);
    this.socket = opened;
    opened.onmessage = (message) => this.socket === opened && this.receive(JSON.parse(String(message.data)) as Told);
    opened.onclose = () => {
      if (this.socket === opened) this.cut(logId);
      if (this.socket !== opened || this.mayWatch.value === false || this.ended.has(logId)) return;
      setTimeout(() => this.socket === opened && this.watch(logId), RETRY_MS);
    };
  }

  /** Watches nothing more. */
  stop(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
  }

  /** Resolves when the next session is watched or may not be, so that none of its turns is missed; after a second in any case. */
  watchedSoon(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      setTimeout(resolve, FIRST_LIMIT_MS);
    });
  }

  private cut(logId: string): void {
    this.sessions.get(logId)?.cut();
    this.showSoon();
  }

  private receive(told: Told): void {
    for (const tell of this.waiting.splice(0)) tell();
    if ("event_type" in told) {
      this.mayWatch.value = false;
      return;
    }
    this.mayWatch.value = true;
    const { session: logId, fact } = told;
    if (fact.type === "session") this.begin(logId, fact);
    if (fact.type === "session.ended") this.ended.add(logId);
    const session = this.sessions.get(logId);
    if (!session) return;
    if (fact.type === "event.received" || fact.type === "event.sent") {
      const { type, at_ms, bytes, audio_bytes, event, text } = fact;
      this.wire.add({ direction: type === "event.received" ? "up" : "down", at_ms, bytes, audio_bytes, event, text });
    } else session.add(fact);
    // Facts arrive after they happened: the smallest observed delay is the best estimate.
    clockOffsets.set(logId, Math.max(clockOffsets.get(logId) ?? -Infinity, fact.at_ms - Date.now()));
    this.showSoon();
  }

  private begin(logId: string, fact: SessionFact): void {
    const known = this.sessions.get(logId);
    if (known) known.session = fact;
    else this.sessions.set(logId, new SessionRecord(fact));
  }

  private showSoon(): void {
    if (this.isShowing) return;
    this.isShowing = true;
    setTimeout(() => {
      this.isShowing = false;
      this.changes.value++;
    }, SHOWN_EVERY_MS);
  }
}

/** The page's own sessions. */
export const own = new Watching(false, true);
export const { turns } = own;

/** Adds the turns of a file; throws if it contains none. */
export function importTurns(text: string): void {
  const content = JSON.parse(text) as TurnRecord | TurnRecord[];
  const records = Array.isArray(content) ? content : [content];
  if (!records.every((record) => record.format === "kouyu.turn")) throw new Error("kouyu.turn");
  imported.value = [...imported.value, ...records];
}
