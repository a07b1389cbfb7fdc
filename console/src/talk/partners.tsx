// The choice of bot, voice and mode (free talk or push to talk).

import { useEffect } from "preact/hooks";

import { t } from "../language/language";
import { choose, valueAt } from "../settings/chosen";
import { fetchSchema, fieldAt, schema } from "../settings/schema";
import { directory, fetchDirectory } from "./directory";
import { botId, chooseBot, workflowId } from "./state";
import { applySettings, connectAgain } from "./talk";
import { Icon } from "../shell/icon";

const set = (path: string, value: string | undefined): void => {
  choose(path, value);
  void applySettings();
};

export function Partners({ onSettings, onCode }: { onSettings: () => void; onCode: () => void }) {
  useEffect(() => {
    void fetchSchema().catch(() => {});
    void fetchDirectory();
  }, []);
  return (
    <div class="partners toolbar">
      <BotChoice />
      <VoiceChoice />
      <button type="button" class="icon" aria-label={t("settings.title")} title={t("settings.title")} onClick={onSettings}><Icon name="settings" /></button>
      <button type="button" class="icon" aria-label={t("code.title")} title={t("code.title")} onClick={onCode}><Icon name="code" /></button>
      <ModeChoice />
    </div>
  );
}

/** Choose another bot or flow, which needs a new connection. */
async function talkWith(value: string): Promise<void> {
  const isFlow = value.startsWith("flow:");
  workflowId.value = isFlow ? value.slice(5) : "";
  if (!isFlow) chooseBot(value);
  await connectAgain();
}

function BotChoice() {
  const { bots, flows } = directory.value;
  const value = workflowId.value ? `flow:${workflowId.value}` : botId.value;
  if (bots.length === 0) {
    return <label class="choice"><span>{t("talk.bot")}</span><input value={botId.value} onChange={(event) => void talkWith(event.currentTarget.value)} /></label>;
  }
  return (
    <label class="choice">
      <span>{t("talk.bot")}</span>
      <select value={value} onChange={(event) => void talkWith(event.currentTarget.value)}>
        {bots.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        {flows.map((id) => <option key={id} value={`flow:${id}`}>{t("talk.flow", { id })}</option>)}
      </select>
    </label>
  );
}

function VoiceChoice() {
  const field = schema.value && fieldAt(schema.value, "output_audio.voice_id");
  const choices = field?.["x-kouyu"]?.choices ?? [];
  return (
    <label class="choice">
      <span>{t("talk.voice")}</span>
      <select value={String(valueAt("output_audio.voice_id") ?? "")} onChange={(event) => set("output_audio.voice_id", event.currentTarget.value || undefined)}>
        <option value="">{t("talk.anyVoice")}</option>
        {choices.map(({ value, label }) => <option key={value} value={value}>{label}</option>)}
      </select>
    </label>
  );
}

const MODES = [
  { type: "server_vad", name: "mode.free", help: "mode.freeHelp" },
  { type: "semantic_vad", name: "mode.semantic", help: "mode.semanticHelp" },
  { type: "client_interrupt", name: "mode.push", help: "mode.pushHelp" },
] as const;

function ModeChoice() {
  const type = valueAt("turn_detection.type") ?? "client_interrupt";
  return (
    <div class="segments" role="group" aria-label={t("mode.title")}>
      {MODES.map((mode) => (
        <button key={mode.type} type="button" aria-pressed={type === mode.type} title={t(mode.help)} onClick={() => set("turn_detection.type", mode.type)}>{t(mode.name)}</button>
      ))}
    </div>
  );
}
