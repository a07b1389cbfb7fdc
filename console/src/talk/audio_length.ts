import { valueAt } from "../settings/chosen";

const SAMPLE_BYTES: Record<string, number> = { pcm: 2, g711a: 1, g711u: 1 };

/** The length in ms of one `conversation.audio.delta` in the chosen output format. */
export function audioLengthMs(base64: string): number {
  const codec = String(valueAt("output_audio.codec") ?? "pcm");
  if (codec === "opus") return Number(valueAt("output_audio.opus_config.frame_size_ms") ?? 10);
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const byteCount = (base64.length * 3) / 4 - padding;
  const rate = Number(valueAt("output_audio.pcm_config.sample_rate") ?? 24_000);
  return (byteCount / (SAMPLE_BYTES[codec] ?? 2) / rate) * 1000;
}
