/** A WAV file of 16-bit PCM; `samples` holds the channels' samples in turn. */
export function wavFile(samples: Int16Array, rate: number, channels: number): Blob {
  const header = new DataView(new ArrayBuffer(44));
  const text = (at: number, word: string): void => [...word].forEach((char, index) => header.setUint8(at + index, char.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, channels, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * channels * 2, true);
  header.setUint16(32, channels * 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, samples.byteLength, true);
  return new Blob([header, samples as Int16Array<ArrayBuffer>], { type: "audio/wav" });
}

/** Samples at another rate, each the nearest one: enough for listening to speech. */
export function atRate(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples;
  const count = Math.floor((samples.length * to) / from);
  return Int16Array.from({ length: count }, (_item, index) => samples[Math.floor((index * from) / to)] ?? 0);
}
