// The server's state: engines, load, live conversations.

import { duration, t } from "../language/language";
import type { TextName } from "../language/language";
import { usePolled } from "../server/polling";
import { getStatus } from "../server/resources";
import type { Status } from "../server/resources";
import { path } from "../shell/address";
import { age } from "./age";
import { BotsPanel } from "./bots_panel";
import { FailuresPanel } from "./failures_panel";
import { LivePanel } from "./live_panel";
import { megabytes } from "./megabytes";
import { MetricsPanel } from "./metrics_panel";
import { ProcessesPanel } from "./processes_panel";
import { WatchedSession } from "./watched_session";

const EVERY_MS = 2_000;

export function HealthPage() {
  const [, opened = ""] = path.value;
  return opened ? <WatchedSession key={opened} logId={opened} /> : <Overview />;
}

function Overview() {
  const [status, error] = usePolled(getStatus, EVERY_MS);
  return (
    <div class="health">
      {error && <p class="error" role="alert">{error}</p>}
      <LivePanel />
      <div class="halves"><FailuresPanel /><BotsPanel /></div>
      {status ? <Shown status={status} /> : !error && <p class="hint" role="status">{t("loading")}</p>}
    </div>
  );
}

/** The names of the kinds of engines, in the server's order. */
function engines({ engines: all }: Status): [kind: string, names: string, reason: string][] {
  const named = new Map<string, Status["engines"]>();
  for (const engine of all) named.set(engine.kind, [...(named.get(engine.kind) ?? []), engine]);
  return [...named].map(([kind, these]) => [kind, these.map(({ name }) => name).join(", "), these.map(({ reason }) => reason).join("")]);
}

function Shown({ status }: { status: Status }) {
  const { scheduler, cpu, kept_audio: kept } = status;
  return (
    <>
      <div class="tiles">
        <Tile name={t("health.sessions")} value={`${status.sessions} / ${status.max_sessions}`} part={status.sessions / status.max_sessions} />
        <Tile name={t("health.load")} value={`${cpu.load_1min.toFixed(2)} / ${cpu.cores}`} part={cpu.load_1min / cpu.cores} />
        <Tile name={t("health.models")} value={`${scheduler.running} / ${scheduler.workers}`} part={scheduler.running / Math.max(scheduler.workers, 1)} />
        <Tile name={t("health.waiting")} value={`${scheduler.waiting} · ${duration(scheduler.oldest_wait_ms)}`} part={scheduler.oldest_wait_ms / 1_000} />
        <Tile name={t("health.memory")} value={megabytes(status.memory.resident_bytes)} />
        <KeptAudio bytes={kept.bytes ?? 0} most={kept.max_bytes ?? 0} />
        <Tile name={t("health.uptime")} value={age(status.uptime_s)} />
        <Tile name={t("health.version")} value={status.version} />
      </div>
      <ProcessesPanel processes={status.processes} />
      <MetricsPanel />
      <section class="panel">
          <h2>{t("health.engines")}</h2>
          <table>
            <tbody>
              {engines(status).map(([kind, names, reason]) => (
                <tr key={kind}>
                  <th scope="row">{t(`engine.${kind}` as TextName)}</th>
                  <td>
                    {names}
                    {reason && <p class="hint">{reason}</p>}
                    {kind === "llm" && <Change of={status.language_model_change} />}
                  </td>
                </tr>
              ))}
              <tr><th scope="row">{t("health.voices")}</th><td>{status.voices}</td></tr>
              <tr><th scope="row">{t("health.bots")}</th><td>{[...status.bots, ...status.flows].join(", ")}</td></tr>
            </tbody>
          </table>
      </section>
    </>
  );
}

/** The language model that is to replace the running one. */
function Change({ of: change }: { of: Status["language_model_change"] }) {
  if (change === null) return null;
  const { name, state, fetched, failure } = change;
  const said = t(`health.change.${state}`, { name, percent: Math.floor(100 * fetched) });
  return (
    <>
      <p role="status">{said}</p>
      {state === "fetching" && <meter aria-label={said} min={0} max={1} value={fetched} />}
      {failure && <p class="hint">{failure}</p>}
    </>
  );
}

function KeptAudio({ bytes, most }: { bytes: number; most: number }) {
  if (most === 0) return <Tile name={t("health.keptAudio")} value={t("health.off")} />;
  return <Tile name={t("health.keptAudio")} value={`${megabytes(bytes)} / ${megabytes(most)}`} part={bytes / most} />;
}

/** A number with its name; `part` fills a bar, red as it gets near 1. */
function Tile({ name, value, part }: { name: string; value: string; part?: number }) {
  return (
    <div class="tile">
      <span class="hint">{name}</span>
      <strong>{value}</strong>
      {part !== undefined && <meter aria-label={name} min={0} max={1} low={0.7} high={0.9} optimum={0} value={Math.min(part, 1)} />}
    </div>
  );
}
