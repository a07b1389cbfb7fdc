import { signal } from "@preact/signals";

import { getStatus } from "../server/resources";
import { botId, chooseBot } from "./state";

interface Directory {
  bots: string[];
  flows: string[];
}

/** The bots and flows of this server; empty if the token lacks the permission. */
export const directory = signal<Directory>({ bots: [], flows: [] });

export async function fetchDirectory(): Promise<void> {
  const { bots, flows }: Directory = await getStatus().catch(() => ({ bots: [], flows: [] }));
  directory.value = { bots, flows };
  const [first] = bots;
  if (first !== undefined && !bots.includes(botId.value)) chooseBot(first);
}
