// The server's state: engines, load, live conversations.

import { useEffect, useState } from "preact/hooks";

import { duration, t } from "../language/language";
import type { TextName } from "../language/language";
import { problem } from "../server/problem";
import { getStatus } from "../server/resources";
import type { Status } from "../server/resources";
import { MetricsPanel } from "./metrics_panel";

const EVERY_MS = 2_000;

export function HealthPage() {
  const [status, setStatus] = useState<Status | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const ending = new AbortController();
    const look = (): void => {
      getStatus(ending.signal).then(
        (now) => { setStatus(now); setError(""); },
        (reason: unknown) => ending.signal.aborted || setError(problem(reason)),
      );
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => { clearInterval(timer); ending.abort(); };
  }, []);
  return (
    <div class="health">
      {error && <p class="error" role="alert">{error}</p>}
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

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(0)} MB`;

function age(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
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
      <MetricsPanel />
      <div class="two-columns">
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
        <section class="panel">
          <h2>{t("health.live")}</h2>
          {status.live.length === 0 && <p class="hint">{t("health.nobody")}</p>}
          <table>
            <tbody>
              {status.live.map((session) => (
                <tr key={session.log_id}>
                  <th scope="row">{session.bot_id}{session.user_id && ` · ${session.user_id}`}</th>
                  <td>
                    <code class="id">{session.log_id}</code>
                    {session.hints.map((hint) => <p class="hint" key={hint}>{hint}</p>)}
                  </td>
                  <td>{age(session.age_s)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
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
