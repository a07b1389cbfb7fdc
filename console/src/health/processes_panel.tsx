// The processes of a server with workers: which run, and how often they were started again.

import { t } from "../language/language";
import type { ServerProcess } from "../server/resources";
import { age } from "./age";
import { megabytes } from "./megabytes";

export function ProcessesPanel({ processes }: { processes: ServerProcess[] }) {
  if (processes.length === 0) return null;
  return (
    <section class="panel processes" aria-label={t("processes.title")}>
      <h2>{t("processes.title")}</h2>
      <div class="scrolled" tabIndex={0} role="region" aria-label={t("processes.title")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("processes.process")}</th>
              <th scope="col">{t("processes.state")}</th>
              <th scope="col">{t("health.sessions")}</th>
              <th scope="col">{t("processes.connections")}</th>
              <th scope="col">{t("health.models")}</th>
              <th scope="col">{t("health.memory")}</th>
              <th scope="col">{t("processes.restarts")}</th>
            </tr>
          </thead>
          <tbody>{processes.map((process) => <Row key={process.role + process.number} process={process} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ process: { role, number, pid, state, restarts, last_end: lastEnd, uptime_s: uptime, scheduler, ...process } }: { process: ServerProcess }) {
  const isWorker = role === "worker";
  return (
    <tr>
      <th scope="row">{t(`processes.${role}`, { number })}{pid !== null && <span class="hint"> · {pid}</span>}</th>
      <td><span class={`process-state ${state}`}>{t(`processes.state.${state}`)}</span>{state === "running" && <span class="hint"> · {age(uptime)}</span>}</td>
      <td>{isWorker ? process.sessions : ""}</td>
      <td>{isWorker ? process.connections : ""}</td>
      <td>{scheduler && `${scheduler.running} / ${scheduler.workers}`}</td>
      <td>{process.resident_bytes > 0 && megabytes(process.resident_bytes)}</td>
      <td>{restarts}{lastEnd && <p class="hint">{lastEnd}</p>}</td>
    </tr>
  );
}
