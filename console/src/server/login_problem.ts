import { signal } from "@preact/signals";

/** Why this browser is not, or no longer, signed in; "" if there is no problem. */
export const loginProblem = signal("");
