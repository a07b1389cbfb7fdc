// One live connection of anybody's, watched: what it is, its timeline, and its messages.

import { useEffect, useMemo } from "preact/hooks";

import { t } from "../language/language";
import { usePolled } from "../server/polling";
import { listLiveConnections } from "../server/live_connections";
import type { LiveConnection } from "../server/live_connections";
import { hrefOf } from "../shell/address";
import { Icon } from "../shell/icon";
import { TimelinePanel } from "../timeline/timeline_panel";
import { Watching } from "../timeline/watching";
import { age } from "./age";
import { formats, modeText, partnerText, stateText } from "./connection_facts";

const EVERY_MS = 1_000;

export function WatchedSession({ logId }: { logId: string }) {
  const watching = useMemo(() => new Watching(true, false), [logId]);
  useEffect(() => {
    watching.watch(logId);
    return () => watching.stop();
  }, [watching]);
  const [connections, error] = usePolled(listLiveConnections, EVERY_MS);
  const connection = connections?.find(({ log_id }) => log_id === logId);
  const seen = watching.session.value?.session;
  return (
    <div class="watched">
      <section class="panel" aria-label={t("live.one")}>
        <header class="toolbar">
          <a class="button quiet" href={hrefOf("health")}><Icon name="back" />{t("page.health")}</a>
          <h2>{connection ? partnerText(connection) : seen?.bot_id}</h2>
          <span class={`state ${connection?.state ?? ""}`} role="status">{connection ? stateText(connection) : connections && t(seen ? "live.ended" : "live.unknown")}</span>
        </header>
        {error && <p class="error" role="alert">{error}</p>}
        {connection && <Facts connection={connection} />}
      </section>
      {(connection || seen) && <TimelinePanel of={watching} wire={{ log: () => watching.wire, changes: watching.wireChanges }} />}
    </div>
  );
}

function Facts({ connection }: { connection: LiveConnection }) {
  const rows: [string, string][] = [
    [t("live.audio"), formats(connection)],
    [t("mode.title"), modeText(connection)],
    [t("live.client"), connection.software || t("live.noName")],
    [t("live.tokenName"), connection.token],
    [t("live.user"), connection.user_id],
    [t("live.conversation"), connection.conversation_id],
    [t("live.logId"), connection.log_id],
    [t("live.age"), age(connection.age_s)],
    [t("live.server"), connection.server],
  ];
  return <dl class="connection">{rows.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
