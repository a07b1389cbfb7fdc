// Replaces the package of this name: the part that the client's recorder uses.

import { captureContext } from "./audio_context";

export interface ProcessorContext {
  getAudioContext(): AudioContext;
}

const CONTEXT: ProcessorContext = { getAudioContext: captureContext };

/** A processing stage after a microphone. Subclasses read audio in `onNode` and pass it on with `output`. */
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
