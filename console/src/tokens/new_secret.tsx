import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../language/language";

/** The secret of a token that was just created. It is nowhere else, so it stays until the user closes it. */
export function NewSecret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    setSaid("");
    field.current?.focus();
    field.current?.select();
  }, [secret]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      setSaid(t("tokens.copied"));
    } catch {
      // Browsers give the clipboard to https addresses and this machine alone.
      field.current?.select();
      setSaid(t("tokens.copyYourself"));
    }
  };
  return (
    <div class="card secret" role="status">
      <h3>{t("tokens.created", { name })}</h3>
      <p>{t("tokens.secretOnce")}</p>
      <div class="toolbar">
        <input ref={field} readOnly spellcheck={false} value={secret} aria-label={t("tokens.secret")} />
        <button type="button" class="primary" onClick={() => void copy()}>{t("tokens.copy")}</button>
        <button type="button" onClick={onClose}>{t("close")}</button>
      </div>
      {said && <p class="hint">{said}</p>}
    </div>
  );
}
