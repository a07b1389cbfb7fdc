import { computed, effect, signal } from "@preact/signals";

import { en } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh";
/** Names of the page's texts; every language has all of them. */
export type TextName = keyof typeof en;

const STORED = "kouyu.language";
const TEXTS: Record<Language, Record<TextName, string>> = { en, zh };

function first(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** The language of the page: the user's choice, else the browser's. */
export const language = signal<Language>(first());

const texts = computed(() => TEXTS[language.value]);

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(STORED, chosen);
  language.value = chosen;
}

/** The text of this name in the page's language, its `{places}` filled in. */
export function t(name: TextName, places: Record<string, string | number> = {}): string {
  return texts.value[name].replace(/\{(\w+)\}/g, (whole, place: string) => String(places[place] ?? whole));
}

/** Formats a duration: "640 ms", "1.24 s". */
export function duration(ms: number): string {
  if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** Formats a time in Unix seconds as in the user's region. */
export function moment(seconds: number): string {
  const shape: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language.value === "zh" ? "zh-CN" : navigator.language, shape).format(seconds * 1000);
}
