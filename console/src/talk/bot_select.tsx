import { useEffect } from "preact/hooks";

import { t } from "../language/language";
import { directory, fetchDirectory } from "./directory";
import { botId, chooseBot } from "./state";

/** The choice of a bot. */
export function BotSelect() {
  useEffect(() => void fetchDirectory(), []);
  const bots = directory.value.bots.length ? directory.value.bots : [{ id: botId.value, name: botId.value }];
  return (
    <label class="choice">
      <span>{t("talk.bot")}</span>
      <select value={botId.value} onChange={(event) => chooseBot(event.currentTarget.value)}>
        {bots.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
    </label>
  );
}
