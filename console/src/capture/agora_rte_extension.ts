// Stands in for the package of this name: the part of it that the client's recorder is built on.

import { captureContext } from "./audio_context";

export interface ProcessorContext {
  getAudioContext(): AudioContext;
}

const CONTEXT: ProcessorContext = { getAudioContext: captureContext };

/** A stage behind a microphone. Subclasses read audio in `onNode` and hand it on with `output`. */
export class AudioProcessor {
  name = "";
  private next: AudioProcessor | undefined;

  pipe(next: AudioProcessor): AudioProcessor {
    this.next = next;
    return next;
  }

  /** Called by the stage before this one. */
  receive(node: AudioNode): void {
    void this.onNode(node, CONTEXT);
  }

  protected onNode(node: AudioNode, context: ProcessorContext): void | Promise<void> {
    this.output(node, context);
  }

  protected output(node: AudioNode, _context: ProcessorContext): void {
    this.next?.receive(node);
  }
}

export const logger = { setLogLevel(_level: number): void {} };
