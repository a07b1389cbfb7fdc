import { signal } from "@preact/signals";

import { listBots } from "../server/bots";
import { getStatus } from "../server/resources";
import { ServerError } from "../server/rest";
import { botId, chooseBot } from "./state";

export interface KnownBot {
  id: string;
  name: string;
}

interface Directory {
  bots: KnownBot[];
  flows: string[];
}

/** The bots that can be talked to, and the flows; empty if the token may not list them. */
export const directory = signal<Directory>({ bots: [], flows: [] });

/** The name of a bot; its id as long as the name is not known. */
export const nameOfBot = (botId: string): string => directory.value.bots.find(({ id }) => id === botId)?.name ?? botId;

const RETRY_MS = 3_000;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Fetches the directory; while the server does not answer, it stays as it is, and the server is asked again. */
export async function fetchDirectory(): Promise<void> {
  clearTimeout(retry);
  try {
    const [named, status] = await Promise.all([orRefused(listBots("published_online")), orRefused(getStatus())]);
    const bots = named ?? status?.bots.map((id) => ({ id, name: id })) ?? [];
    directory.value = { bots: bots.map(({ id, name }) => ({ id, name: name || id })), flows: status?.flows ?? [] };
  } catch {
    retry = setTimeout(() => void fetchDirectory(), RETRY_MS);
    return;
  }
  const { bots } = directory.value;
  const [first] = bots;
  if (first !== undefined && !bots.some(({ id }) => id === botId.value)) chooseBot(first.id);
}

/** null where the token lacks the permission. */
async function orRefused<Value>(answer: Promise<Value>): Promise<Value | null> {
  try {
    return await answer;
  } catch (reason) {
    if (reason instanceof ServerError && reason.status < 500) return null;
    throw reason;
  }
}
