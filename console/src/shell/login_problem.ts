import { signal } from "@preact/signals";

/** Why the last login failed, "" if it did not. */
export const loginProblem = signal("");
