import { signal } from "@preact/signals";

/** Why this browser is not, or no longer, signed in; "" where nothing is to be said about it. */
export const loginProblem = signal("");
