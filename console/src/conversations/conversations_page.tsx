// The stored conversations: search, open, play, export, delete, continue.

import { useState } from "preact/hooks";

import { moment, t } from "../language/language";
import type { FoundConversation } from "../server/conversations";
import { problem } from "../server/problem";
import { deleteConversation } from "../server/resources";
import { go, hrefOf, path } from "../shell/address";
import { Icon } from "../shell/icon";
import { nameOfBot } from "../talk/directory";
import { ExportButtons } from "./export_buttons";
import { criteria, useFound } from "./found";
import { Messages } from "./messages";
import { SearchFields } from "./search_fields";

export function ConversationsPage() {
  const { conversations, error, isSearching, more, again } = useFound();
  const [, opened = "", turn = ""] = path.value;
  const [refusal, setRefusal] = useState("");
  const remove = async (id: string): Promise<void> => {
    if (!confirm(t("conversations.sure"))) return;
    await deleteConversation(id).catch((reason: unknown) => setRefusal(problem(reason)));
    if (opened === id) go("conversations");
    again();
  };
  return (
    <div class={`two-columns ${opened ? "has-detail" : ""}`}>
      <section class="panel" aria-label={t("page.conversations")}>
        <header class="toolbar"><h2>{t("page.conversations")}</h2></header>
        <SearchFields />
        {(error || refusal) && <p class="error" role="alert">{error || refusal}</p>}
        <p class="hint" role="status">{isSearching ? t("loading") : conversations?.length === 0 ? t(isNarrowed() ? "conversations.notFound" : "conversations.none") : ""}</p>
        <ul class="rows">
          {conversations?.map((conversation) => (
            <Row key={conversation.id} conversation={conversation} isOpen={opened === conversation.id} onDelete={() => void remove(conversation.id)} />
          ))}
        </ul>
        {more && <button type="button" disabled={isSearching} onClick={more}>{t("more")}</button>}
      </section>
      <section class="panel detail" aria-label={t("conversations.opened")}>
        {opened ? (
          <>
            <header class="toolbar">
              <button type="button" class="quiet back" onClick={() => go("conversations")}><Icon name="back" />{t("back")}</button>
              <code class="id">{opened}</code>
              <span class="spacer" />
              <ExportButtons id={opened} />
              <button type="button" class="primary" onClick={() => go("talk", opened)}>{t("conversations.goOn")}</button>
            </header>
            <Messages key={opened} conversationId={opened} turn={turn} />
          </>
        ) : <p class="hint">{t("conversations.choose")}</p>}
      </section>
    </div>
  );
}

const isNarrowed = (): boolean => Object.values(criteria.value).some(Boolean);

function Row({ conversation, isOpen, onDelete }: { conversation: FoundConversation; isOpen: boolean; onDelete: () => void }) {
  const { id, title, found, bot_id: bot } = conversation;
  return (
    <li>
      <a class="row" aria-current={isOpen} href={found?.chat_id ? hrefOf("conversations", id, found.chat_id) : hrefOf("conversations", id)}>
        <span class="title">{title || t("conversations.unnamed")}</span>
        {found && <span class="found">{t(found.role === "user" ? "talk.you" : "talk.agent")}: <Marked text={found.text} words={criteria.value.text} /></span>}
        <span class="hint">{moment(conversation.created_at)}{bot && ` · ${nameOfBot(bot)}`}</span>
      </a>
      <button type="button" class="icon quiet" aria-label={t("delete")} title={t("delete")} onClick={onDelete}><Icon name="delete" /></button>
    </li>
  );
}

/** A text in which what was searched for is marked. */
function Marked({ text, words }: { text: string; words: string }) {
  const place = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (place < 0) return <>{text}</>;
  return <>{text.slice(0, place)}<mark>{text.slice(place, place + words.length)}</mark>{text.slice(place + words.length)}</>;
}
