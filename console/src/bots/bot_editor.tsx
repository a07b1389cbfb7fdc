// One bot: its fields, a trial, and its publication.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { createBot, getChoices, getDraft, listVoices, publishBot, unpublishBot, updateBot } from "../server/bots";
import type { BotDraft, Choices, ListedBot, Voice } from "../server/bots";
import { problem } from "../server/problem";
import { go } from "../shell/address";
import { chooseBot, workflowId } from "../talk/state";
import { leaveFor } from "../talk/talk";
import { BotFields } from "./bot_fields";
import { TryOut } from "./try_out";

/** In the address, a bot that does not exist yet. */
export const NEW = "new";

/** What was done last, with which bot: one that was just made is shown anew, under its id. */
const done = signal({ id: "", text: "" });

/** The draft of a copy, which the editor of a new bot begins with. */
const copied = signal<BotDraft | null>(null);

const EMPTY: BotDraft = {
  name: "",
  description: "",
  prompt_info: { prompt: "" },
  onboarding_info: { prologue: "", suggested_questions: [] },
  model_info_config: { model_id: "" },
  voice_info_list: [],
  plugin_id_list: { id_list: [] },
};

interface Props {
  id: string;
  listed: ListedBot | undefined;
  /** Called with the bot's id when it was saved or published. */
  onChange: (id: string) => void;
}

export function BotEditor({ id, listed, onChange }: Props) {
  const [draft, setDraft] = useState<BotDraft | null>(null);
  const [isSettled, setSettled] = useState(false);
  const [choices, setChoices] = useState<Choices>({ models: [], tool_servers: [] });
  const [voices, setVoices] = useState<Voice[]>([]);
  const [isChanged, setChanged] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => {
    open(id).then(
      (opened) => {
        setDraft(opened.draft);
        setSettled(opened.isSettled);
        setChoices(opened.choices);
        setChanged(id === NEW);
      },
      (reason: unknown) => setError(problem(reason)),
    );
    listVoices().then(setVoices, () => {});
  }, [id]);
  if (!draft) return error ? <p class="error" role="alert">{error}</p> : <p class="hint" role="status">{t("loading")}</p>;

  const change = (changed: BotDraft): void => {
    setDraft(changed);
    setChanged(true);
    done.value = { id: "", text: "" };
  };
  const save = async (): Promise<string> => {
    if (id === NEW) return createBot(draft);
    if (isChanged) await updateBot(id, draft);
    return id;
  };
  const attempt = async (work: () => Promise<string>, text: string): Promise<void> => {
    setError("");
    try {
      const saved = await work();
      setChanged(false);
      done.value = { id: saved, text };
      onChange(saved);
    } catch (reason) {
      setError(problem(reason));
    }
  };
  const publish = async (): Promise<string> => {
    const saved = await save();
    await publishBot(saved);
    return saved;
  };
  const unpublish = async (): Promise<string> => {
    await unpublishBot(id);
    return id;
  };
  const copy = (): void => {
    copied.value = { ...draft, name: t("bots.copyOf", { name: draft.name }) };
    go("bots", NEW);
  };
  return (
    <form class="bot-form" onSubmit={(event) => { event.preventDefault(); void attempt(save, t("bots.saved")); }}>
      <header class="toolbar">
        <h2>{draft.name || t("bots.new")}</h2>
        <span class="spacer" />
        {listed?.is_published && <button type="button" onClick={() => void talkTo(id)}>{t("bots.talk")}</button>}
      </header>
      {isSettled && <p class="hint">{t("bots.settledHelp")}</p>}
      <BotFields draft={draft} choices={choices} voices={voices} isFixed={isSettled} onChange={change} />
      <TryOut draft={draft} />
      {error && <p class="error" role="alert">{error}</p>}
      {done.value.id === id && <p class="hint" role="status">{done.value.text}</p>}
      <div class="toolbar actions">
        {!isSettled && <button type="submit" disabled={!isChanged}>{t("bots.save")}</button>}
        {!isSettled && <button type="button" class="primary" disabled={!draft.name} onClick={() => void attempt(publish, t("bots.nowPublished"))}>{t("bots.publish")}</button>}
        {!isSettled && listed?.is_published && <button type="button" onClick={() => void attempt(unpublish, t("bots.nowDraft"))}>{t("bots.unpublish")}</button>}
        {id !== NEW && <button type="button" onClick={copy}>{t("bots.copy")}</button>}
        {isChanged && id !== NEW && <span class="hint">{t("bots.unsaved")}</span>}
      </div>
    </form>
  );
}

async function open(id: string): Promise<{ draft: BotDraft; isSettled: boolean; choices: Choices }> {
  if (id !== NEW) {
    // Who may read bots, but not make them, does not get the choices.
    const [bot, choices] = await Promise.all([getDraft(id), getChoices().catch((): Choices => ({ models: [], tool_servers: [] }))]);
    return { ...bot, choices };
  }
  const choices = await getChoices();
  const draft = copied.value ?? { ...EMPTY, model_info_config: { model_id: choices.models[0]?.model_id ?? "" } };
  copied.value = null;
  return { draft, isSettled: false, choices };
}

/** Begins a new conversation with this bot on the talk view. */
async function talkTo(id: string): Promise<void> {
  workflowId.value = "";
  chooseBot(id);
  await leaveFor();
  go("talk");
}
