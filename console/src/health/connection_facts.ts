// A live connection in words.

import { t } from "../language/language";
import type { TextName } from "../language/language";
import type { LiveConnection } from "../server/live_connections";

const kilohertz = (hertz: number): string => `${hertz / 1000} kHz`;

/** "opus 16 kHz → mp3 44.1 kHz": what the client sends, and what it gets. */
export function formats({ input_audio: sent, output_audio: got }: LiveConnection): string {
  const container = sent.format === sent.codec || sent.format === "pcm" ? "" : `${sent.format} `;
  const channels = sent.channel > 1 ? ` × ${sent.channel}` : "";
  return `${container}${sent.codec} ${kilohertz(sent.sample_rate)}${channels} → ${got.codec} ${kilohertz(got.sample_rate)}`;
}

const MODES = { server_vad: "mode.free", semantic_vad: "mode.semantic", client_interrupt: "mode.push" } as const;

export const modeText = ({ turn_detection: type }: LiveConnection): string => t(MODES[type]);
export const stateText = ({ state }: LiveConnection): string => t(`live.${state}` as TextName);

/** What is talked to: the bot, or the flow under its name. */
export const partnerText = ({ bot_id: bot, workflow_id: flow }: LiveConnection): string => (flow ? `${bot} · ${t("talk.flow", { id: flow })}` : bot);
