// The fields of a bot: prompt, model, voice, opening, tools.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { tryBot } from "../server/bots";
import type { BotDraft, Choices, Trial, Voice } from "../server/bots";
import { problem } from "../server/problem";
import { Icon } from "../shell/icon";

interface Props {
  draft: BotDraft;
  choices: Choices;
  voices: Voice[];
  isFixed: boolean;
  onChange: (draft: BotDraft) => void;
}

export function BotFields({ draft, choices, voices, isFixed, onChange }: Props) {
  const change = (part: Partial<BotDraft>): void => onChange({ ...draft, ...part });
  const opening = draft.onboarding_info;
  return (
    <fieldset disabled={isFixed}>
      <label>{t("bots.name")}<input name="name" required maxLength={100} value={draft.name} onInput={(event) => change({ name: event.currentTarget.value })} /></label>
      <label>{t("bots.description")}<input name="description" value={draft.description} onInput={(event) => change({ description: event.currentTarget.value })} /></label>
      <Field label={t("bots.prompt")} help={t("bots.promptHelp")}>
        <textarea name="prompt" rows={7} value={draft.prompt_info.prompt} onInput={(event) => change({ prompt_info: { prompt: event.currentTarget.value } })} />
      </Field>
      <ModelField draft={draft} choices={choices} onChange={change} />
      <VoiceField draft={draft} voices={voices} onChange={change} />
      <Field label={t("bots.prologue")} help={t("bots.prologueHelp")}>
        <textarea name="prologue" rows={2} value={opening.prologue} onInput={(event) => change({ onboarding_info: { ...opening, prologue: event.currentTarget.value } })} />
      </Field>
      <Field label={t("bots.questions")} help={t("bots.questionsHelp")}>
        <textarea name="questions" rows={2} value={opening.suggested_questions.join("\n")} onChange={(event) => change({ onboarding_info: { ...opening, suggested_questions: linesOf(event.currentTarget.value) } })} />
      </Field>
      <ToolFields draft={draft} choices={choices} onChange={change} />
    </fieldset>
  );
}

const linesOf = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter(Boolean);

function Field({ label, help, children }: { label: string; help: string; children: ComponentChildren }) {
  return <label>{label}{children}<span class="hint">{help}</span></label>;
}

interface FieldProps {
  draft: BotDraft;
  onChange: (part: Partial<BotDraft>) => void;
}

function ModelField({ draft, choices, onChange }: FieldProps & { choices: Choices }) {
  const [trial, setTrial] = useState<Trial | string | null>(null);
  const { model_id: chosen } = draft.model_info_config;
  // A bot on a Coze server has a model that cannot be chosen.
  const isKnown = choices.models.some(({ model_id }) => model_id === chosen);
  const test = async (): Promise<void> => {
    setTrial("…");
    // Only the model is tested: with another prompt, the answer would not be a short one.
    const bare = { ...draft, prompt_info: { prompt: "" }, plugin_id_list: { id_list: [] } };
    setTrial(await tryBot(bare, t("bots.hello")).catch(problem));
  };
  return (
    <div class="labelled">
      <label for="bot-model">{t("bots.model")}</label>
      <div class="toolbar">
        <select id="bot-model" name="model" value={chosen} onChange={(event) => { setTrial(null); onChange({ model_info_config: { model_id: event.currentTarget.value } }); }}>
          {!isKnown && <option value={chosen}>{chosen || "—"}</option>}
          {choices.models.map(({ model_id, model_name }) => <option key={model_id} value={model_id}>{model_id} · {model_name}</option>)}
        </select>
        <button type="button" onClick={() => void test()}>{t("bots.test")}</button>
      </div>
      <p class="hint model-trial" role="status">{trial === null ? t("bots.modelHelp") : <Outcome trial={trial} />}</p>
    </div>
  );
}

function Outcome({ trial }: { trial: Trial | string }) {
  if (trial === "…") return <>{t("talk.thinking")}…</>;
  if (typeof trial === "string") return <span class="error">{trial}</span>;
  if (trial.failure) return <span class="error">{trial.failure}</span>;
  return <>{t("bots.answered", { first: duration(trial.first_token_ms ?? trial.took_ms), answer: trial.answer })}</>;
}

function VoiceField({ draft, voices, onChange }: FieldProps & { voices: Voice[] }) {
  const [sounding, setSounding] = useState("");
  const chosen = draft.voice_info_list[0]?.voice_id ?? "";
  const voice = voices.find(({ voice_id }) => voice_id === chosen);
  // The address names the host by which the server was reached, which the page need not be allowed to fetch from.
  const preview = (voice ?? voices[0])?.preview_audio;
  const address = preview && new URL(preview).pathname;
  return (
    <div class="labelled">
      <label for="bot-voice">{t("talk.voice")}</label>
      <div class="toolbar">
        <select id="bot-voice" name="voice" value={chosen} onChange={(event) => { setSounding(""); onChange({ voice_info_list: event.currentTarget.value ? [{ voice_id: event.currentTarget.value }] : [] }); }}>
          <option value="">{t("talk.anyVoice")}</option>
          {voices.map(({ voice_id, name, language_name }) => <option key={voice_id} value={voice_id}>{name}{language_name && ` · ${language_name}`}</option>)}
        </select>
        <button type="button" disabled={!address} onClick={() => setSounding(`${address}#${Date.now()}`)}><Icon name="play" />{t("bots.hear")}</button>
      </div>
      {sounding && <audio key={sounding} controls autoplay src={sounding} aria-label={t("bots.hear")} />}
    </div>
  );
}

function ToolFields({ draft, choices, onChange }: FieldProps & { choices: Choices }) {
  const list = draft.plugin_id_list.id_list;
  const has = (server: string, tool: string): boolean => list.some(({ plugin_id, api_id }) => plugin_id === server && (api_id === tool || api_id === ""));
  const toggle = (server: string, tool: string, isOn: boolean): void => {
    const others = list.filter(({ plugin_id, api_id }) => plugin_id !== server || api_id !== tool);
    onChange({ plugin_id_list: { id_list: isOn ? [...others, { plugin_id: server, api_id: tool }] : others } });
  };
  return (
    <fieldset class="tools">
      <legend>{t("bots.tools")}</legend>
      {choices.tool_servers.length === 0 && <p class="hint">{t("bots.noTools")}</p>}
      {choices.tool_servers.map(({ plugin_id, tools }) => (
        <div key={plugin_id}>
          <h3>{plugin_id}</h3>
          {tools.length === 0 && <p class="hint">{t("bots.unreached")}</p>}
          {tools.map(({ api_id, description }) => (
            <label key={api_id} class="permission">
              <input type="checkbox" checked={has(plugin_id, api_id)} onChange={(event) => toggle(plugin_id, api_id, event.currentTarget.checked)} />
              <span><code>{api_id}</code> {description}</span>
            </label>
          ))}
        </div>
      ))}
    </fieldset>
  );
}
