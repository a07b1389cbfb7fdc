// What went wrong lately, and why.

import { moment, t } from "../language/language";
import { listFailures } from "../server/failures";
import { usePolled } from "../server/polling";

const EVERY_MS = 5_000;

export function FailuresPanel() {
  const [failures, error] = usePolled(listFailures, EVERY_MS);
  return (
    <section class="panel failures" aria-label={t("failures.title")}>
      <h2>{t("failures.title")}</h2>
      {error && <p class="error" role="alert">{error}</p>}
      {failures?.length === 0 && <p class="hint">{t("failures.none")}</p>}
      {failures && failures.length > 0 && (
        <div class="scrolled" tabIndex={0} role="region" aria-label={t("failures.title")}>
          <table>
            <thead><tr><th scope="col">{t("failures.when")}</th><th scope="col">{t("talk.bot")}</th><th scope="col">{t("failures.what")}</th></tr></thead>
            <tbody>
              {failures.map((failure, index) => (
                <tr key={index}>
                  <td><time>{moment(failure.at)}</time></td>
                  <td>{failure.bot_id}</td>
                  <td>
                    <span class="error">{t(failure.kind === "chat" ? "failures.chat" : "failures.error", { code: failure.code })}</span> {failure.message}
                    <details><summary>{t("live.logId")}</summary><code class="id">{failure.log_id}</code></details>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
