import { useState } from "preact/hooks";

import { t } from "../language/language";
import { createToken } from "../server/tokens";
import { problem } from "../server/problem";
import { DEFAULT_RIGHTS, RightsFields } from "./rights_fields";

const DAY_S = 86_400;
const LIFETIMES_S = [0, DAY_S, 7 * DAY_S, 30 * DAY_S, 90 * DAY_S, 365 * DAY_S];

/** The form for a new token; `onCreated` gets its name and its secret. */
export function NewToken({ onCreated }: { onCreated: (name: string, secret: string) => void }) {
  const [name, setName] = useState("");
  const [owner, setOwner] = useState("");
  const [lifetime, setLifetime] = useState(0);
  const [rights, setRights] = useState(DEFAULT_RIGHTS);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState("");
  const submit = async (): Promise<void> => {
    setSending(true);
    try {
      const created = await createToken({ name: name.trim(), owner: owner.trim(), expires_in_s: lifetime, ...rights });
      onCreated(created.token.name, created.access_token);
    } catch (reason) {
      setError(problem(reason));
      setSending(false);
    }
  };
  return (
    <form class="token-form" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <label>{t("tokens.name")}<input name="name" required maxLength={64} pattern="\s*[A-Za-z0-9_.@\-]*[A-Za-z_.@\-][A-Za-z0-9_.@\-]*\s*" title={t("tokens.nameHelp")} autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <label>{t("tokens.owner")}<input name="owner" maxLength={64} autocomplete="off" placeholder={t("tokens.noOwner")} aria-describedby="owner-help" value={owner} onInput={(event) => setOwner(event.currentTarget.value)} /></label>
      <p class="hint" id="owner-help">{t("tokens.ownerHelp")}</p>
      <label>
        {t("tokens.expires")}
        <select name="expires" value={lifetime} onChange={(event) => setLifetime(Number(event.currentTarget.value))}>
          {LIFETIMES_S.map((seconds) => (
            <option key={seconds} value={seconds}>{seconds ? t(seconds === DAY_S ? "tokens.inOneDay" : "tokens.inDays", { days: seconds / DAY_S }) : t("tokens.never")}</option>
          ))}
        </select>
      </label>
      <RightsFields rights={rights} onChange={setRights} />
      {error && <p class="error" role="alert">{error}</p>}
      <button type="submit" class="primary" disabled={isSending || rights.permissions.length === 0}>{t("tokens.create")}</button>
    </form>
  );
}
