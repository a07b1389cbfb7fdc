// Records the messages of the page's own conversations as they are on the wire.

import { signal } from "@preact/signals";

import { WireLog } from "./wire_log";
import type { Direction, WireMessage } from "./wire_log";

const AUDIO_FIELDS: Record<string, string> = { "input_audio_buffer.append": "delta", "conversation.audio.delta": "content" };

/** The messages of the page's newest connection; it changes in place, and `ownWireChanges` counts that. */
export let ownWire = new WireLog();
export const ownWireChanges = signal(0);

let isShowing = false;

function showSoon(): void {
  if (isShowing) return;
  isShowing = true;
  setTimeout(() => {
    isShowing = false;
    ownWireChanges.value++;
  }, 200);
}

/** A message as the diagnostics channel would give it. */
function read(direction: Direction, at_ms: number, text: string): WireMessage {
  const event = JSON.parse(text) as { event_type?: string; data?: { [key: string]: unknown } };
  const field = AUDIO_FIELDS[event.event_type ?? ""] ?? "";
  const audio = event.data?.[field];
  let audio_bytes = 0;
  if (event.data && typeof audio === "string") {
    audio_bytes = Math.floor((audio.length * 3) / 4) - (audio.endsWith("==") ? 2 : audio.endsWith("=") ? 1 : 0);
    event.data = { ...event.data, [field]: `(${audio_bytes} bytes)` };
  }
  return { direction, at_ms, bytes: text.length, audio_bytes, event: event as { [key: string]: unknown }, text: "" };
}

const Native = window.WebSocket;

/** A WebSocket whose messages are recorded if it is a conversation. The official client makes its own sockets. */
class RecordedSocket extends Native {
  private readonly begun = performance.now();
  private readonly log: WireLog | null;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.log = new URL(url).pathname === "/v1/chat" ? (ownWire = new WireLog()) : null;
    if (this.log) this.addEventListener("message", ({ data }) => this.record("down", String(data)));
  }

  override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
    if (typeof data === "string") this.record("up", data);
    super.send(data as string);
  }

  private record(direction: Direction, text: string): void {
    if (!this.log) return;
    this.log.add(read(direction, performance.now() - this.begun, text));
    showSoon();
  }
}

/** Records all conversations that begin from now on. */
export function recordSockets(): void {
  window.WebSocket = RecordedSocket;
}
