import { signal } from "@preact/signals";

import { fieldAt, kindOf, schema } from "./schema";
import type { Json } from "./schema";

/** Settings that differ from the default, by path: {"turn_detection.silence_duration_ms": 800}. */
export type Chosen = Record<string, Json>;

const STORED = "kouyu.settings";

/** Free talk is what most people try first; the protocol's own default is push to talk. */
const FIRST: Chosen = { "turn_detection.type": "server_vad", need_play_prologue: true };

function first(): Chosen {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "") as Chosen;
  } catch {
    return FIRST;
  }
}

/** The user's choices, kept in this browser. */
export const chosen = signal<Chosen>(first());

/** The value in force at a path: chosen, else the default. */
export function valueAt(path: string): Json {
  const value = chosen.value[path];
  if (value !== undefined) return value;
  return (schema.value && fieldAt(schema.value, path)?.default) ?? null;
}

/** Sets a value; `undefined` restores the default. */
export function choose(path: string, value: Json | undefined): void {
  const rest = { ...chosen.value };
  delete rest[path];
  if (value !== undefined) rest[path] = value;
  chosen.value = rest;
  localStorage.setItem(STORED, JSON.stringify(rest));
}

export function chooseNothing(): void {
  chosen.value = FIRST;
  localStorage.removeItem(STORED);
}

/** `data` of a `chat.update` with these settings. */
export function asUpdate(settings: Chosen): { [key: string]: Json } {
  const data: { [key: string]: Json } = {};
  for (const [path, value] of Object.entries(settings)) {
    const names = path.split(".");
    let object = data;
    for (const name of names.slice(0, -1)) object = (object[name] ??= {}) as { [key: string]: Json };
    object[names.at(-1) ?? path] = value;
  }
  return data;
}

/** The update that changes settings `before` to `after`: removed ones are set to their defaults. */
export function difference(before: Chosen, after: Chosen): Chosen {
  const changes: Chosen = {};
  for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[path]) === JSON.stringify(after[path])) continue;
    changes[path] = after[path] ?? takenBack(path);
  }
  return changes;
}

/** The default of a field or, if there is none, the empty value with which an update removes a value. */
function takenBack(path: string): Json {
  const field = schema.value && fieldAt(schema.value, path);
  if (!field) return null;
  if (field.default !== null && field.default !== undefined) return field.default;
  switch (kindOf(field)) {
    case "string":
      return "";
    case "array":
      return [];
    case "object":
      return {};
    default:
      return null;
  }
}
