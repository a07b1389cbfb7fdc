/** The rate the client's recorder names for what it sends, in Hz. */
export const CAPTURE_RATE = 48_000;

let context: AudioContext | undefined;

/**
 * The one context in which microphones are read. It is never closed: the client adds its worklet to it from an
 * address that is gone once its first recording has ended.
 */
export function captureContext(): AudioContext {
  context ??= new AudioContext({ sampleRate: CAPTURE_RATE, latencyHint: "interactive" });
  if (context.state === "suspended") void context.resume();
  return context;
}
