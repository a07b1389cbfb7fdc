// The stored conversations: list, open, play, delete, continue.

import { useEffect, useState } from "preact/hooks";

import { moment, t } from "../language/language";
import { deleteConversation, firstQuestion, listConversations } from "../server/resources";
import type { Conversation } from "../server/resources";
import { go, hrefOf, path } from "../shell/address";
import { BotSelect } from "../talk/bot_select";
import { botId } from "../talk/state";
import { contentOf } from "../talk/content";
import { Messages } from "./messages";
import { Icon } from "../shell/icon";

export function ConversationsPage() {
  const [conversations, setConversations] = useState<Conversation[] | null>(null);
  const [hasMore, setMore] = useState(false);
  const [, opened = "", turn = ""] = path.value;
  const [error, setError] = useState("");
  const bot = botId.value;
  const load = async (number: number): Promise<void> => {
    try {
      const listed = await listConversations(bot, number);
      setConversations((before) => (number === 1 ? listed.conversations : [...(before ?? []), ...listed.conversations]));
      setMore(listed.has_more);
      setError("");
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
  };
  useEffect(() => void load(1), [bot]);
  const remove = async (id: string): Promise<void> => {
    if (!confirm(t("conversations.sure"))) return;
    await deleteConversation(id).catch((reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)));
    if (opened === id) go("conversations");
    await load(1);
  };
  return (
    <div class={`two-columns ${opened ? "has-detail" : ""}`}>
      <section class="panel" aria-label={t("page.conversations")}>
        <header class="toolbar"><h2>{t("page.conversations")}</h2><span class="spacer" /><BotSelect /></header>
        {error && <p class="error" role="alert">{error}</p>}
        {conversations?.length === 0 && <p class="hint">{t("conversations.none")}</p>}
        <ul class="rows">
          {conversations?.map((conversation) => (
            <Row key={conversation.id} conversation={conversation} isOpen={opened === conversation.id} onDelete={() => void remove(conversation.id)} />
          ))}
        </ul>
        {hasMore && <button type="button" onClick={() => void load(Math.floor((conversations?.length ?? 0) / 20) + 1)}>{t("more")}</button>}
      </section>
      <section class="panel detail" aria-label={t("conversations.opened")}>
        {opened ? (
          <>
            <header class="toolbar">
              <button type="button" class="quiet back" onClick={() => go("conversations")}><Icon name="back" />{t("back")}</button>
              <code class="id">{opened}</code>
              <span class="spacer" />
              <button type="button" class="primary" onClick={() => go("talk", opened)}>{t("conversations.goOn")}</button>
            </header>
            <Messages key={opened} conversationId={opened} turn={turn} />
          </>
        ) : <p class="hint">{t("conversations.choose")}</p>}
      </section>
    </div>
  );
}

function Row(props: { conversation: Conversation; isOpen: boolean; onDelete: () => void }) {
  const { conversation } = props;
  const [question, setQuestion] = useState<string | null>(null);
  // Spoken conversations have no name: the first question serves as one.
  useEffect(() => {
    if (conversation.name) return;
    firstQuestion(conversation.id)
      .then((message) => setQuestion(message ? contentOf(message).text || t("conversations.files") : ""))
      .catch(() => setQuestion(""));
  }, [conversation.id]);
  return (
    <li>
      <a class="row" aria-current={props.isOpen} href={hrefOf("conversations", conversation.id)}>
        <span class="title">{conversation.name || question || t(question === null ? "loading" : "conversations.unnamed")}</span>
        <span class="hint">{moment(conversation.created_at)}</span>
      </a>
      <button type="button" class="icon quiet" aria-label={t("delete")} title={t("delete")} onClick={props.onDelete}><Icon name="delete" /></button>
    </li>
  );
}
