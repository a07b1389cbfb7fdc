// What the talk view shows before anything was said.

import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { suggestedQuestions } from "../server/bots";
import { botId, conversationId, isPushToTalk, workflowId } from "./state";
import { say } from "./talk";

export function Welcome() {
  return (
    <div class="welcome">
      <p class="glyph" aria-hidden="true">口语</p>
      <p>{t(conversationId.value ? "talk.goOn" : "talk.welcome")}</p>
      {isPushToTalk.value && <p class="hint">{t("talk.keys")}</p>}
      {!conversationId.value && <Suggestions key={botId.value} />}
    </div>
  );
}

/** Questions to begin with: the bot's own, else examples. */
function Suggestions() {
  const [own, setOwn] = useState<string[]>([]);
  useEffect(() => {
    if (botId.value && !workflowId.value) suggestedQuestions(botId.value).then(setOwn, () => {});
  }, []);
  const questions = own.length ? own : [t("talk.example1"), t("talk.example2")];
  return (
    <div class="suggestions" role="group" aria-label={t("talk.suggestions")}>
      {questions.map((question) => <button key={question} type="button" onClick={() => void say(question, [])}>{question}</button>)}
    </div>
  );
}
