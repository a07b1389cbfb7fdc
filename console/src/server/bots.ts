import { call } from "./rest";

export interface ListedBot {
  id: string;
  name: string;
  description: string;
  is_published: boolean;
  updated_at: number;
}

/** A bot as the page edits it; its parts are those of the protocol. */
export interface BotDraft {
  name: string;
  description: string;
  prompt_info: { prompt: string };
  onboarding_info: { prologue: string; suggested_questions: string[] };
  model_info_config: { model_id: string; temperature?: number };
  voice_info_list: { voice_id: string }[];
  plugin_id_list: { id_list: { plugin_id: string; api_id: string }[] };
}

interface ShownBot {
  bot_id: string;
  name: string;
  description: string;
  prompt_info: { prompt: string };
  onboarding_info: { prologue: string; suggested_questions: string[] };
  model_info?: { model_id: string; temperature?: number };
  voice_info_list: { voice_id: string }[];
  plugin_info_list: { plugin_id: string; api_info_list: { api_id: string }[] }[];
  version: string;
}

/** What bots can be made of. */
export interface Choices {
  models: { model_id: string; model_name: string }[];
  tool_servers: { plugin_id: string; tools: { api_id: string; description: string }[] }[];
}

/** An answer of a bot that is not saved; `failure` says why there is none. */
export interface Trial {
  answer: string;
  failure: string;
  tools: string[];
  first_token_ms: number | null;
  took_ms: number;
}

export interface Voice {
  voice_id: string;
  name: string;
  language_name: string;
  preview_audio: string;
}

const PAGE_SIZE = 50;

/** All bots of the token's owner and of the server's settings, those of the settings first. */
export async function listBots(status: "all" | "published_online"): Promise<ListedBot[]> {
  const bots: ListedBot[] = [];
  for (let number = 1; ; number++) {
    const query = { publish_status: status, page_num: number, page_size: PAGE_SIZE };
    const { items, total } = await call<{ items: ListedBot[]; total: number }>("GET", "/v1/bots", { query });
    bots.push(...items);
    if (items.length === 0 || bots.length >= total) return bots;
  }
}

/** The draft of a bot, and whether the settings define it: those cannot be changed here. */
export async function getDraft(id: string): Promise<{ draft: BotDraft; isSettled: boolean }> {
  const bot = await call<ShownBot & { update_time: number }>("GET", `/v1/bots/${encodeURIComponent(id)}`, { query: { is_published: false } });
  const { model_id = "", temperature } = bot.model_info ?? {};
  const draft: BotDraft = {
    name: bot.name,
    description: bot.description,
    prompt_info: bot.prompt_info,
    onboarding_info: bot.onboarding_info,
    model_info_config: { model_id, ...(temperature !== undefined && { temperature }) },
    voice_info_list: bot.voice_info_list.map(({ voice_id }) => ({ voice_id })),
    plugin_id_list: { id_list: bot.plugin_info_list.flatMap(({ plugin_id, api_info_list }) => api_info_list.map(({ api_id }) => ({ plugin_id, api_id }))) },
  };
  return { draft, isSettled: bot.version === "0" && bot.update_time === 0 };
}

/** The questions that a published bot suggests. */
export const suggestedQuestions = async (id: string): Promise<string[]> =>
  (await call<ShownBot>("GET", `/v1/bots/${encodeURIComponent(id)}`)).onboarding_info.suggested_questions;

export const createBot = async (draft: BotDraft): Promise<string> =>
  (await call<{ bot_id: string }>("POST", "/v1/bot/create", { json: draft })).bot_id;

export const updateBot = (id: string, draft: BotDraft): Promise<unknown> => call("POST", "/v1/bot/update", { json: { bot_id: id, ...draft } });

export const publishBot = (id: string): Promise<unknown> => call("POST", "/v1/bot/publish", { json: { bot_id: id } });

export const unpublishBot = (id: string): Promise<unknown> => call("POST", `/v1/bots/${encodeURIComponent(id)}/unpublish`, { json: {} });

export const getChoices = (): Promise<Choices> => call("GET", "/v1/kouyu/bots/choices");

export const tryBot = (draft: BotDraft, question: string): Promise<Trial> => call("POST", "/v1/kouyu/bots/try", { json: { ...draft, question } });

export const listVoices = async (): Promise<Voice[]> => (await call<{ voice_list: Voice[] }>("GET", "/v1/audio/voices")).voice_list;
