// What is searched for: words, a bot, days.

import { useEffect } from "preact/hooks";

import { t } from "../language/language";
import { directory, fetchDirectory } from "../talk/directory";
import { criteria } from "./found";

const DAY_S = 86_400;

/** The beginning of a day of a date field ("2026-11-30") in this time zone, in Unix seconds; 0 for none. */
const beginningOf = (day: string): number => (day ? new Date(`${day}T00:00:00`).getTime() / 1000 : 0);

export function SearchFields() {
  useEffect(() => void fetchDirectory(), []);
  const change = (changed: Partial<typeof criteria.value>): void => {
    criteria.value = { ...criteria.value, ...changed };
  };
  return (
    <form class="search-fields" role="search" onSubmit={(event) => event.preventDefault()}>
      <input type="search" value={criteria.value.text} placeholder={t("conversations.search")} aria-label={t("conversations.search")} maxLength={200} onInput={(event) => change({ text: event.currentTarget.value })} />
      <select aria-label={t("talk.bot")} value={criteria.value.botId} onChange={(event) => change({ botId: event.currentTarget.value })}>
        <option value="">{t("conversations.allBots")}</option>
        {directory.value.bots.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
      <label><span>{t("conversations.since")}</span><input type="date" onChange={(event) => change({ since: beginningOf(event.currentTarget.value) })} /></label>
      <label><span>{t("conversations.until")}</span><input type="date" onChange={(event) => change({ until: event.currentTarget.value ? beginningOf(event.currentTarget.value) + DAY_S : 0 })} /></label>
    </form>
  );
}
