import { captureContext } from "../capture/audio_context";
import { wavFile } from "../timeline/wav";

const WORKLET = `registerProcessor("keep-samples", class extends AudioWorkletProcessor {
  process(inputs) {
    if (inputs[0][0]) this.port.postMessage(inputs[0][0].slice());
    return true;
  }
});`;

let isLoaded: Promise<void> | undefined;

/** A recording from the microphone; `stop` ends it and returns a WAV file. */
export interface Recording {
  stop(): Blob;
}

/** Begins to record; rejects if the user does not grant access. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = captureContext();
  isLoaded ??= context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
  await isLoaded;
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "keep-samples");
  const pieces: Float32Array[] = [];
  node.port.onmessage = ({ data }) => pieces.push(data as Float32Array);
  source.connect(node);
  return {
    stop() {
      source.disconnect();
      for (const track of stream.getTracks()) track.stop();
      const samples = pieces.flatMap((piece) => Array.from(piece, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767));
      return wavFile(Int16Array.from(samples), context.sampleRate, 1);
    },
  };
}
