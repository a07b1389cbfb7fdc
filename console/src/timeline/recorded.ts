// Audio of the page's own conversations, as sent and received, for WAV files. Kept in memory only.

/** Most bytes kept of each side: about five minutes of the user's audio. */
const MOST_BYTES = 30_000_000;

interface Sent {
  unixMs: number;
  samples: Int16Array;
}

let sent: Sent[] = [];
let sentBytes = 0;
const received = new Map<string, Int16Array[]>();
let receivedBytes = 0;

/** The sample rate of the kept user audio in Hz: that of the client's recorder. */
export const SENT_RATE = 48_000;

function samplesOf(base64: string): Int16Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length & ~1);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  return new Int16Array(bytes.buffer);
}

/** Keeps a piece of the user's PCM that is being sent now. */
export function keepSent(base64: string): void {
  const samples = samplesOf(base64);
  sent.push({ unixMs: Date.now(), samples });
  sentBytes += samples.byteLength;
  while (sentBytes > MOST_BYTES) sentBytes -= sent.shift()?.samples.byteLength ?? sentBytes;
}

/** Keeps a piece of the PCM of a chat's answer. */
export function keepReceived(chatId: string, base64: string): void {
  if (receivedBytes > MOST_BYTES) {
    received.clear();
    receivedBytes = 0;
  }
  const samples = samplesOf(base64);
  receivedBytes += samples.byteLength;
  const pieces = received.get(chatId) ?? [];
  pieces.push(samples);
  received.set(chatId, pieces);
}

/** The pieces of the user's audio that were sent between two times of this machine's clock. */
export const sentBetween = (from: number, to: number): readonly Sent[] =>
  sent.filter(({ unixMs }) => unixMs > from && unixMs <= to);

export const receivedOf = (chatId: string): readonly Int16Array[] => received.get(chatId) ?? [];
