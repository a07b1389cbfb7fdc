import { computed, signal } from "@preact/signals";

import { keyOf, turns } from "./watching";

/** The key of the selected turn; "" selects the newest one. */
export const shownTurn = signal("");

/** The turn that is shown. */
export const shown = computed(() => turns.value.findLast((turn) => keyOf(turn) === shownTurn.value) ?? turns.value.at(-1));

/** Whether the timeline covers the page, on screens without room for both. */
export const isTimelineOpen = computed(() => shownTurn.value !== "");
