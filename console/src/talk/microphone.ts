import { signal } from "@preact/signals";

import { captureContext } from "../capture/audio_context";

/** Microphones of this machine; without names until the user has granted access. */
export const microphones = signal<MediaDeviceInfo[]>([]);

/** The microphone chosen, "" for the browser's own choice. */
export const microphoneId = signal("");

/** The level at the microphone, 0 to 1; 0 while it is off. */
export const level = signal(0);

/** Whether the user grants access to the microphone; asks if they have not decided yet. */
export async function mayListen(): Promise<boolean> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
  } catch {
    return false;
  }
  const devices = await navigator.mediaDevices.enumerateDevices();
  microphones.value = devices.filter((device) => device.kind === "audioinput" && device.deviceId);
  return true;
}

/** Keeps `level` up to date from this microphone; the returned function ends that. */
export function watchLevel(stream: MediaStream): () => void {
  const context = captureContext();
  const source = context.createMediaStreamSource(stream);
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // From -60 dB, a quiet room, to -15 dB, loud speech.
    level.value = Math.min(Math.max((10 * Math.log10(power + 1e-9) + 60) / 45, 0), 1);
  }, 80);
  return () => {
    clearInterval(timer);
    source.disconnect();
    level.value = 0;
  };
}
