// The address of what is shown: "#/conversations/12" is the view and what is open in it.

import { signal } from "@preact/signals";

function read(): readonly string[] | null {
  if (!location.hash.startsWith("#/")) return null;
  try {
    return location.hash.slice(2).split("/").map(decodeURIComponent);
  } catch {
    return null; // "%" without two hexadecimal digits
  }
}

/** Stands in an address for a conversation that has not begun. */
export const NOT_YET = "-";

/** The parts of the address: the name of the view, then what is open in it; empty at the first visit. */
export const path = signal<readonly string[]>(read() ?? []);

/** The `href` of a link to this address. */
export const hrefOf = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

/** Shows another address; the browser's Back returns to this one. */
export function go(...parts: string[]): void {
  if (location.hash !== hrefOf(...parts)) history.pushState(null, "", hrefOf(...parts));
  path.value = parts;
}

/** Corrects the address of what is shown already. */
export function rename(...parts: string[]): void {
  history.replaceState(null, "", hrefOf(...parts));
  path.value = parts;
}

// For Back and Forward, links, and addresses that are typed in. Other fragments (#login=…, #main) change nothing.
addEventListener("popstate", () => {
  if (location.hash === "") path.value = [];
  else path.value = read() ?? path.value;
});
