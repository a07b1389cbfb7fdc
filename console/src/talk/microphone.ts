// The microphone: whether it can be used, and if not, why.

import { computed, signal } from "@preact/signals";

import { captureContext } from "../capture/audio_context";

/** Why there is no sound from the microphone. */
export type Trouble = "refused" | "refusedBySystem" | "missing" | "busy" | "unplugged" | "insecure";

export type MicrophoneState = "unused" | "asking" | "usable" | Trouble;

/** "asking": the browser waits for the user's permission. "usable": it could be opened when it was last tried. */
export const microphone = signal<MicrophoneState>("unused");

export const trouble = computed<Trouble | null>(() => {
  const state = microphone.value;
  return state === "unused" || state === "asking" || state === "usable" ? null : state;
});

/** Microphones of this machine; without names until the user has granted access. */
export const microphones = signal<MediaDeviceInfo[]>([]);

/** The microphone chosen, "" for the browser's own choice. */
export const microphoneId = signal("");

/** The level at the microphone, 0 to 1; 0 while it is off. */
export const level = signal(0);

/** Thrown where the microphone cannot be opened; `microphone` says why. */
export class NoMicrophone extends Error {}

/** What a failure of `getUserMedia` means. */
export function troubleOf(reason: unknown): Trouble {
  if (!isSecureContext || !navigator.mediaDevices) return "insecure";
  const { name, message } = reason instanceof Error ? reason : { name: "", message: "" };
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return message.includes("system") ? "refusedBySystem" : "refused"; // Chromium: "Permission denied by system"
    case "NotFoundError":
      return "missing";
    default:
      return "busy"; // NotReadableError, AbortError
  }
}

let giveUp: (() => void) | undefined;

/** Ends the wait for the user's permission. */
export const stopAsking = (): void => giveUp?.();

/** Opens the chosen microphone, or any one if it is gone. Throws `NoMicrophone`. */
export async function openMicrophone(): Promise<MediaStream> {
  microphone.value = "asking";
  const declined = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(new NoMicrophone());
  });
  const opening = capture();
  try {
    const stream = await Promise.race([opening, declined]);
    const devices = await navigator.mediaDevices.enumerateDevices();
    microphones.value = devices.filter((device) => device.kind === "audioinput" && device.deviceId);
    microphone.value = "usable";
    return stream;
  } catch (reason) {
    if (reason instanceof NoMicrophone) {
      microphone.value = "unused";
      void opening.then(close, () => {});
      throw reason;
    }
    microphone.value = troubleOf(reason);
    throw new NoMicrophone();
  } finally {
    giveUp = undefined;
  }
}

/** Whether the microphone can be used; asks the user if they have not decided yet. */
export async function mayListen(): Promise<boolean> {
  try {
    close(await openMicrophone());
    return true;
  } catch {
    return false;
  }
}

async function capture(): Promise<MediaStream> {
  const deviceId = microphoneId.value;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: deviceId ? { deviceId: { exact: deviceId } } : true });
  } catch (reason) {
    if (!(reason instanceof OverconstrainedError)) throw reason;
    microphoneId.value = "";
    return navigator.mediaDevices.getUserMedia({ audio: true });
  }
}

export function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Calls `onGone` when the microphone of this stream is unplugged, or its permission is taken away. */
export function watchForLoss(stream: MediaStream, onGone: () => void): void {
  stream.getAudioTracks()[0]?.addEventListener("ended", () => {
    void isRefused().then((refused) => {
      microphone.value = refused ? "refused" : "unplugged";
      onGone();
    });
  });
}

async function isRefused(): Promise<boolean> {
  const status = await navigator.permissions.query({ name: "microphone" as PermissionName }).catch(() => null);
  return status !== null && status.state !== "granted";
}

/** Calls `again` when what was in the way of the microphone may be gone. */
export function watchForReturn(again: () => void): void {
  navigator.mediaDevices?.addEventListener("devicechange", () => {
    if (trouble.value === "missing" || trouble.value === "unplugged") again();
  });
  void navigator.permissions?.query({ name: "microphone" as PermissionName }).then(
    (status) => {
      status.onchange = () => status.state === "granted" && trouble.value === "refused" && again();
    },
    () => {}, // a browser that does not tell
  );
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
