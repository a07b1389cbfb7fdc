import { signal } from "@preact/signals";

import { language } from "../language/language";
import { call } from "../server/rest";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Choice {
  value: string;
  label: string;
  languages?: string[];
}

/** A field of `chat.update`, as the server describes it (JSON Schema without references). */
export interface FieldSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  enum?: (string | number | null)[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
  items?: FieldSchema;
  properties?: Record<string, FieldSchema>;
  additionalProperties?: FieldSchema | boolean;
  "x-kouyu"?: {
    zh?: string;
    zh_title?: string;
    unit?: string;
    applies?: Record<string, (string | number | boolean)[]>;
    choices?: Choice[];
  };
}

/** The schema of `chat.update`'s data; null until it has been fetched. */
export const schema = signal<FieldSchema | null>(null);

export async function fetchSchema(): Promise<void> {
  schema.value ??= await call<FieldSchema>("GET", "/v1/kouyu/configuration");
}

/** The type of a field's value, apart from null. */
export function kindOf(field: FieldSchema): string {
  const types = Array.isArray(field.type) ? field.type : [field.type ?? "string"];
  return types.find((type) => type !== "null") ?? "null";
}

export const mayBeNone = (field: FieldSchema): boolean => Array.isArray(field.type) && field.type.includes("null");

/** The field's help text in the page's language. */
export function help(field: FieldSchema): string {
  return (language.value === "zh" && field["x-kouyu"]?.zh) || field.description || "";
}

/** The field's name in the page's language; its name in the protocol if it has no other. */
export function titleOf(field: FieldSchema, path: string): string {
  return (language.value === "zh" && field["x-kouyu"]?.zh_title) || field.title || path;
}

/** The field at this path, for instance "turn_detection.type". */
export function fieldAt(root: FieldSchema, path: string): FieldSchema | undefined {
  return path.split(".").reduce<FieldSchema | undefined>((field, name) => field?.properties?.[name], root);
}
