// The WebSocket messages of one connection, both ways. Successive audio of one direction is one row.

export type Direction = "up" | "down";

/** A message: `up` from the client, `down` to it. Of its JSON, audio is replaced by its size. */
export interface WireMessage {
  direction: Direction;
  /** ms since the connection began. */
  at_ms: number;
  bytes: number;
  audio_bytes: number;
  /** Null for what is no JSON object, or too long: `text` is then its beginning. */
  event: { [key: string]: unknown } | null;
  text: string;
}

/** One message, or `count` successive ones with audio, up to the one at `to_ms`. */
export interface WireRow extends WireMessage {
  to_ms: number;
  count: number;
}

export const MOST_ROWS = 2_000;
/** Rows with audio that are further apart than this stay apart. */
const GAP_MS = 1_000;

/** The event's type, which OpenAI's protocol has in another field. */
export const typeOf = ({ event }: WireMessage): string => String(event?.["event_type"] ?? event?.["type"] ?? "?");

export class WireLog {
  private kept: WireRow[] = [];
  /** Rows that were dropped, because there are more than MOST_ROWS. */
  dropped = 0;

  get rows(): readonly WireRow[] {
    return this.kept;
  }

  add(message: WireMessage): void {
    const before = this.continued(message);
    if (before) {
      before.count += 1;
      before.bytes += message.bytes;
      before.audio_bytes += message.audio_bytes;
      before.to_ms = message.at_ms;
      return;
    }
    this.kept.push({ ...message, to_ms: message.at_ms, count: 1 });
    if (this.kept.length <= MOST_ROWS) return;
    const most = Math.floor(MOST_ROWS / 4);
    this.kept.splice(0, most);
    this.dropped += most;
  }

  /** The row whose audio this message continues. Both directions may send audio at the same time. */
  private continued({ direction, audio_bytes, at_ms }: WireMessage): WireRow | undefined {
    if (audio_bytes === 0) return undefined;
    for (const row of this.kept.slice(-2).reverse()) {
      if (row.audio_bytes === 0) return undefined;
      if (row.direction === direction) return at_ms - row.to_ms < GAP_MS ? row : undefined;
    }
    return undefined;
  }
}
