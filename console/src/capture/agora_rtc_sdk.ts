// Replaces the package of this name: microphones with the interface that the client's recorder uses.

import { AudioProcessor } from "./agora_rte_extension";
import { captureContext } from "./audio_context";

interface MicrophoneOptions {
  AEC: boolean;
  ANS: boolean;
  AGC: boolean;
  microphoneId?: string;
}

/** The end of the chain of processors; nothing of the microphone is played. */
class Destination extends AudioProcessor {
  protected override onNode(): void {}
}

/** A microphone whose audio runs through the processors that are piped to it. */
class AudioTrack {
  readonly processorDestination: AudioProcessor = new Destination();
  private readonly source: MediaStreamAudioSourceNode;

  constructor(private readonly track: MediaStreamTrack) {
    this.source = captureContext().createMediaStreamSource(new MediaStream([track]));
  }

  pipe(processor: AudioProcessor): AudioProcessor {
    processor.receive(this.source);
    return processor;
  }

  getMediaStreamTrack(): MediaStreamTrack {
    return this.track;
  }

  close(): void {
    this.source.disconnect();
    this.track.stop();
  }
}

export async function createMicrophoneAudioTrack(options: MicrophoneOptions): Promise<AudioTrack> {
  const audio: MediaTrackConstraints = {
    echoCancellation: options.AEC,
    noiseSuppression: options.ANS,
    autoGainControl: options.AGC,
    channelCount: 1,
  };
  if (options.microphoneId) audio.deviceId = { exact: options.microphoneId };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const [track] = stream.getAudioTracks();
  if (!track) throw new Error("the microphone gives no audio track");
  return new AudioTrack(track);
}

export async function createCustomAudioTrack(options: { mediaStreamTrack: MediaStreamTrack }): Promise<AudioTrack> {
  return new AudioTrack(options.mediaStreamTrack);
}

export default {
  disableLogUpload(): void {},
  setLogLevel(_level: number): void {},
  registerExtensions(_extensions: unknown[]): void {},
};
