// A question for the bot as it stands in the form, before it is saved.

import { useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { tryBot } from "../server/bots";
import type { BotDraft, Trial } from "../server/bots";
import { problem } from "../server/problem";

export function TryOut({ draft }: { draft: BotDraft }) {
  const [question, setQuestion] = useState("");
  const [trial, setTrial] = useState<Trial | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState("");
  const ask = async (asked: string): Promise<void> => {
    if (!asked.trim() || isAsking) return;
    setAsking(true);
    setError("");
    setTrial(null);
    try {
      setTrial(await tryBot(draft, asked));
    } catch (reason) {
      setError(problem(reason));
    }
    setAsking(false);
  };
  // A form in the bot's form is not allowed: Enter asks, and does not save.
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    void ask(question);
  };
  return (
    <section class="card try-out" aria-label={t("bots.try")}>
      <h3>{t("bots.try")}</h3>
      <div class="toolbar">
        <input value={question} maxLength={10_000} placeholder={t("bots.question")} aria-label={t("bots.question")} onInput={(event) => setQuestion(event.currentTarget.value)} onKeyDown={onKey} />
        <button type="button" disabled={isAsking || !question.trim()} onClick={() => void ask(question)}>{t("bots.ask")}</button>
      </div>
      <div role="status">
        {isAsking && <p class="hint">{t("talk.thinking")}…</p>}
        {trial?.answer && <p class="answer">{trial.answer}</p>}
        {trial && !trial.failure && <p class="hint">{[t("bots.times", { first: duration(trial.first_token_ms ?? trial.took_ms), whole: duration(trial.took_ms) }), ...trial.tools].join(" · ")}</p>}
      </div>
      {(error || trial?.failure) && <p class="error" role="alert">{error || trial?.failure}</p>}
    </section>
  );
}
