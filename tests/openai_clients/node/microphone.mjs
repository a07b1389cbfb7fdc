// The spoken questions as 24 kHz PCM, and a microphone that sends them and silence in real time.

import { readFileSync } from 'node:fs';

export const RATE = 24000;
const FRAME = (RATE / 50) * 2;

export function question(name) {
  const file = readFileSync(`${process.env.QUESTIONS}/${name}.wav`);
  const rate = file.readUInt32LE(24);
  const data = file.indexOf('data') + 8;
  const count = (file.length - data) >> 1;
  const made = Buffer.alloc(Math.floor(((count - 1) * RATE) / rate) * 2);
  for (let i = 0; i < made.length / 2; i++) {
    const at = (i * rate) / RATE;
    const before = file.readInt16LE(data + 2 * Math.floor(at));
    const after = file.readInt16LE(data + 2 * Math.ceil(at));
    made.writeInt16LE(Math.round(before + (after - before) * (at % 1)), 2 * i);
  }
  return made;
}

export class Microphone {
  #speech = Buffer.alloc(0);
  #timer;

  constructor(send) {
    let due = performance.now();
    this.#timer = setInterval(() => {
      for (; due <= performance.now(); due += 20) {
        send(Buffer.concat([this.#speech.subarray(0, FRAME), Buffer.alloc(FRAME)]).subarray(0, FRAME));
        this.#speech = this.#speech.subarray(FRAME);
      }
    }, 10);
  }

  say(name) {
    this.#speech = Buffer.concat([this.#speech, question(name)]);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition) {
  const end = Date.now() + Number(process.env.PATIENCE_MS);
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited too long for ${condition}`);
    await pause(50);
  }
}
