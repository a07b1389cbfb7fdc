import type { Fact, FactOf, SessionFact, TurnRecord, UserAudio, UserVoice } from "./facts";

/** How long before a turn its timeline begins, in ms. */
const BEFORE_TURN_MS = 1_000;
/** Most facts about the user's audio that are kept of a session (there are several a second). */
const MOST_SOUND_FACTS = 4_000;

interface Turn {
  ended: boolean;
  chatId: string;
  facts: Fact[];
}

/** The data of one session: its turns, and the facts about the user's audio. */
export class SessionRecord {
  private readonly turns = new Map<number, Turn>();
  private sound: (UserAudio | UserVoice)[] = [];
  /** Likely mistakes in what the client sends. */
  readonly hints = new Set<string>();
  configured: FactOf<"session.configured"> | undefined;

  constructor(public session: SessionFact) {}

  add(fact: Fact): void {
    if (fact.type === "user.audio" || fact.type === "user.voice") this.addSound(fact);
    else if (fact.type === "session.configured") this.configured = fact;
    else if (fact.type === "hint") this.hints.add(fact.message);
    else if (fact.turn) this.addToTurn(fact.turn, fact);
  }

  /** The connection that tells of the session is lost, so that no turn is known to go on. */
  cut(): void {
    for (const turn of this.turns.values()) turn.ended = true;
  }

  /** The turns, oldest first. */
  records(): TurnRecord[] {
    return [...this.turns].map(([number, turn]) => this.record(number, turn));
  }

  private addSound(fact: UserAudio | UserVoice): void {
    // Facts that are repeated after a lost connection are older than the newest one; new facts may overlap a little.
    const newest = this.sound.findLast(({ type }) => type === fact.type);
    if (newest && newest.to_ms >= fact.to_ms) return;
    this.sound.push(fact);
    if (this.sound.length > MOST_SOUND_FACTS) this.sound = this.sound.slice(-MOST_SOUND_FACTS / 2);
  }

  private addToTurn(number: number, fact: Fact): void {
    let turn = this.turns.get(number);
    if (!turn || fact.type === "turn.started") {
      turn = { ended: false, chatId: "", facts: [] };
      this.turns.set(number, turn);
    }
    turn.facts.push(fact);
    if (fact.type === "turn.ended") turn.ended = true;
    if (fact.type === "chat" && fact.chat_id) turn.chatId = fact.chat_id;
  }

  private record(number: number, turn: Turn): TurnRecord {
    const [from, to] = span(turn.facts);
    const sound = this.sound.filter((fact) => fact.to_ms > from - BEFORE_TURN_MS && fact.from_ms < to);
    const facts = [...(this.configured ? [this.configured] : []), ...turn.facts, ...sound];
    const { chatId, ended } = turn;
    return { format: "kouyu.turn", version: 1, session: this.session, turn: number, chat_id: chatId, ended, facts };
  }
}

/** The range of times in these facts, in ms on the session's axis. */
export function span(facts: readonly Fact[]): [from: number, to: number] {
  let from = Infinity;
  let to = -Infinity;
  for (const fact of facts) {
    if (fact.type === "session.configured" || fact.type === "session") continue;
    from = Math.min(from, fact.at_ms, "from_ms" in fact ? fact.from_ms : Infinity);
    to = Math.max(to, fact.at_ms, "to_ms" in fact ? fact.to_ms : -Infinity);
  }
  return [from, to];
}
