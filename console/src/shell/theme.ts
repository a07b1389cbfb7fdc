import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const STORED = "kouyu.theme";
const stored = localStorage.getItem(STORED);

/** The page's colours; "auto" follows the system. */
export const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : "auto");

effect(() => {
  localStorage.setItem(STORED, theme.value);
  if (theme.value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
});
