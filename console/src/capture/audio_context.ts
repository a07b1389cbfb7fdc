/** The sample rate that the client's recorder declares, in Hz. */
export const CAPTURE_RATE = 48_000;

let context: AudioContext | undefined;

/**
 * The only AudioContext that reads microphones. It is never closed: the client adds its worklet from a URL that is
 * revoked after its first recording.
 */
export function captureContext(): AudioContext {
  context ??= new AudioContext({ sampleRate: CAPTURE_RATE, latencyHint: "interactive" });
  if (context.state === "suspended") void context.resume();
  return context;
}
