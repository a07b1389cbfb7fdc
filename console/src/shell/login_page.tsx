import { useState } from "preact/hooks";

import { t } from "../language/language";
import { loginWith } from "../server/login";
import { loginProblem } from "../server/login_problem";

export function LoginPage() {
  const [text, setText] = useState("");
  const submit = async (): Promise<void> => {
    try {
      await loginWith(text);
      loginProblem.value = "";
    } catch (reason) {
      loginProblem.value = t("login.failed", { why: reason instanceof Error ? reason.message : String(reason) });
    }
  };
  return (
    <form class="card login" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <h2>{t("login.title")}</h2>
      <p>{t("login.how")}</p>
      <label>{t("login.field")}<input type="password" autocomplete="off" required value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
      {loginProblem.value && <p class="error" role="alert">{loginProblem.value}</p>}
      <button type="submit" class="primary">{t("login.enter")}</button>
      <p class="hint"><code>kouyu token link</code> — {t("login.again")}</p>
    </form>
  );
}
