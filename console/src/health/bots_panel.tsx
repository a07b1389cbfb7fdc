// Whether the server behind each bot answers.

import { moment, t } from "../language/language";
import { listEndpoints } from "../server/failures";
import type { BotEndpoint } from "../server/failures";
import { usePolled } from "../server/polling";

/** The server asks each endpoint at most every 30 s. */
const EVERY_MS = 10_000;

export function BotsPanel() {
  const [endpoints, error] = usePolled(listEndpoints, EVERY_MS);
  return (
    <section class="panel bot-endpoints" aria-label={t("endpoints.title")}>
      <h2>{t("endpoints.title")}</h2>
      {error && <p class="error" role="alert">{error}</p>}
      {!endpoints && !error && <p class="hint" role="status">{t("loading")}</p>}
      <ul>{endpoints?.map((endpoint) => <Row key={endpoint.bot_id} endpoint={endpoint} />)}</ul>
    </section>
  );
}

function Row({ endpoint: { bot_id: id, model, address, reach, last_failure: failure } }: { endpoint: BotEndpoint }) {
  return (
    <li>
      <strong>{id}</strong>
      <span class={`reach ${reach.state}`}>{t(`endpoints.${reach.state}`)}</span>
      <span class="where">{model}{address && ` · ${address}`}</span>
      {reach.detail && <p class="error">{reach.detail}</p>}
      {failure && <p class="hint">{t("endpoints.lastFailure", { when: moment(failure.at), why: failure.message })}</p>}
    </li>
  );
}
