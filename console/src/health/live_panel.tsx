// The live connections. Each leads to its timeline.

import { t } from "../language/language";
import { usePolled } from "../server/polling";
import { listLiveConnections } from "../server/live_connections";
import type { LiveConnection } from "../server/live_connections";
import { hrefOf } from "../shell/address";
import { Icon } from "../shell/icon";
import { age } from "./age";
import { formats, modeText, partnerText, stateText } from "./connection_facts";

const EVERY_MS = 1_000;

export function LivePanel() {
  const [connections, error] = usePolled(listLiveConnections, EVERY_MS);
  return (
    <section class="panel live-panel" aria-label={t("live.title")}>
      <h2>{t("live.title")}</h2>
      {error && <p class="error" role="alert">{error}</p>}
      {connections?.length === 0 && <p class="hint">{t("live.nobody")}</p>}
      <ul class="live">{connections?.map((connection) => <Row key={connection.log_id} connection={connection} />)}</ul>
    </section>
  );
}

function Row({ connection }: { connection: LiveConnection }) {
  const { log_id: logId, software, token, user_id: user, hints, server } = connection;
  return (
    <li>
      <a href={hrefOf("health", logId)}>
        <span class="who"><strong>{partnerText(connection)}</strong>{user && <span>{user}</span>}</span>
        <span class={`state ${connection.state}`}>{stateText(connection)}</span>
        <span class="formats">{formats(connection)} · {modeText(connection)}</span>
        <span class="software" title={software}>{software || t("live.noName")}{token && ` · ${t("live.token", { name: token })}`}{server && ` · ${server}`}</span>
        <span class="age">{age(connection.age_s)}</span>
        {hints.length > 0 && <span class="hints">{t("live.hints", { count: hints.length })}</span>}
        <span class="watch"><Icon name="health" />{t("live.watch")}</span>
      </a>
    </li>
  );
}
