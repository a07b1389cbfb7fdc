import { computed } from "@preact/signals";

import { NOT_YET, go, path } from "../shell/address";
import type { TurnRecord } from "./facts";
import { keyOf } from "./watching";

/** What the address calls a turn: its chat, which the stored messages have too, or its place in its session. */
export const nameOf = (record: TurnRecord): string => record.chat_id || keyOf(record);

/** The name of the selected turn, from the address; "" selects the newest one. */
export const shownTurn = computed(() => path.value[2] ?? "");

/** Shows a turn beside what the view shows; without one, closes the timeline on screens without room for both. */
export function showTurn(record?: TurnRecord): void {
  const [view = "talk", opened = ""] = path.value;
  if (record) go(view, opened || NOT_YET, nameOf(record));
  else go(view, ...(opened && opened !== NOT_YET ? [opened] : []));
}

const isNamed = (turn: TurnRecord): boolean => [keyOf(turn), turn.chat_id].includes(shownTurn.value);

/** The one of these turns that is shown; undefined if the address names one that is not among them. */
export const shownAmong = (turns: readonly TurnRecord[]): TurnRecord | undefined => (shownTurn.value ? turns.findLast(isNamed) : turns.at(-1));

/** Whether the timeline covers the page, on screens without room for both. */
export const isTimelineOpen = computed(() => shownTurn.value !== "");
