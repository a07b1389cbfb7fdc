// The bots: a list by name, and one of them to read, change, try and publish.

import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { listBots } from "../server/bots";
import type { ListedBot } from "../server/bots";
import { problem } from "../server/problem";
import { go, hrefOf, path } from "../shell/address";
import { Icon } from "../shell/icon";
import { fetchDirectory } from "../talk/directory";
import { BotEditor, NEW } from "./bot_editor";

export function BotsPage() {
  const [bots, setBots] = useState<ListedBot[] | null>(null);
  const [error, setError] = useState("");
  const [, opened = ""] = path.value;
  const load = async (): Promise<void> => {
    try {
      setBots(await listBots("all"));
      setError("");
    } catch (reason) {
      setError(problem(reason));
    }
  };
  useEffect(() => void load(), []);
  const onChange = (id: string): void => {
    if (id !== opened) go("bots", id);
    void load();
    void fetchDirectory();
  };
  return (
    <div class={`two-columns ${opened ? "has-detail" : ""}`}>
      <section class="panel" aria-label={t("page.bots")}>
        <header class="toolbar"><h2>{t("page.bots")}</h2><span class="spacer" /><a class="button primary" href={hrefOf("bots", NEW)}>{t("bots.new")}</a></header>
        {error && <p class="error" role="alert">{error}</p>}
        {!bots && !error && <p class="hint" role="status">{t("loading")}</p>}
        <ul class="rows">
          {bots?.map((bot) => (
            <li key={bot.id}>
              <a class="row" aria-current={opened === bot.id} href={hrefOf("bots", bot.id)}>
                <span class="title">{bot.name}</span>
                <span class="hint">{t(bot.updated_at === 0 ? "bots.settled" : bot.is_published ? "bots.published" : "bots.draft")}</span>
              </a>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel detail" aria-label={t("bots.opened")}>
        {opened && <button type="button" class="quiet back" onClick={() => go("bots")}><Icon name="back" />{t("back")}</button>}
        {opened ? <BotEditor key={opened} id={opened} listed={bots?.find(({ id }) => id === opened)} onChange={onChange} /> : <p class="hint">{t("bots.choose")}</p>}
      </section>
    </div>
  );
}
