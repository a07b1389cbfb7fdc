import { asUpdate } from "../settings/chosen";
import type { Chosen } from "../settings/chosen";
import type { Json } from "../settings/schema";

type JsonObject = { [key: string]: Json };

/** Codecs that the browser client can record, and those it can play. */
export const RECORDED = ["pcm", "opus", "g711a", "g711u"];
export const PLAYED = ["pcm", "opus", "g711a", "g711u"];

/** Settings that the client accepts only when it connects: changing one needs a new connection. */
export const AT_CONNECT = ["input_audio", "output_audio.codec", "output_audio.pcm_config.sample_rate", "output_audio.opus_config.sample_rate", "turn_detection.type", "chat_config.user_id"];

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `data` of the first `chat.update` of a connection. The client fills in the format that it records, but uses each
 * object that it gets as a whole.
 */
export function firstUpdate(settings: Chosen, conversationId: string): JsonObject {
  const data = asUpdate(settings);
  const given = (name: string): JsonObject => (isObject(data[name]) ? data[name] : {});
  const codec = String(given("input_audio")["codec"] ?? "pcm");
  const isG711 = codec.startsWith("g711");
  return {
    ...data,
    input_audio: { format: "pcm", codec, sample_rate: isG711 ? 8_000 : 48_000, channel: 1, bit_depth: 16 },
    output_audio: { codec: "pcm", ...given("output_audio") },
    turn_detection: { type: "client_interrupt", ...given("turn_detection") },
    need_play_prologue: data["need_play_prologue"] === true && !conversationId,
    chat_config: { ...given("chat_config"), ...(conversationId && { conversation_id: conversationId }) },
  };
}
