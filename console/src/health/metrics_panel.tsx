// Live charts of the server's metrics over the last 15 minutes.

import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { STAGES, getMetrics } from "../server/metrics";
import type { MetricsPoints } from "../server/metrics";
import { problem } from "../server/problem";
import { LineChart, figures } from "./line_chart";
import type { Chart } from "./line_chart";

const EVERY_MS = 5_000;

function chartsOf(points: MetricsPoints): Chart[] {
  const each = { seconds: points.every_s };
  return [
    {
      title: t("chart.conversations"),
      unit: "count",
      lines: [
        { name: t("chart.sessions"), values: points.sessions },
        { name: t("chart.turns"), values: points.turns },
      ],
    },
    ...STAGES.map((stage): Chart => ({
      title: t(`latency.${stage}`),
      unit: "ms",
      lines: [
        { name: "p50", values: points.latencies[stage].p50_ms },
        { name: "p90", values: points.latencies[stage].p90_ms },
      ],
    })),
    {
      title: t("chart.errors", each),
      unit: "count",
      isIncrease: true,
      lines: [
        { name: t("chart.errorEvents"), values: points.errors },
        { name: t("chart.failedTurns"), values: points.failed_turns },
      ],
    },
    {
      title: t("chart.refused", each),
      unit: "count",
      isIncrease: true,
      lines: [
        { name: t("chart.overloaded"), values: points.refused_overloaded },
        { name: t("chart.full"), values: points.refused_full },
      ],
    },
    { title: t("chart.loopLag"), unit: "ms", lines: [{ name: t("chart.lag"), values: points.loop_lag_ms }] },
  ];
}

export function MetricsPanel() {
  const [points, setPoints] = useState<MetricsPoints | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const ending = new AbortController();
    const look = (): void => {
      getMetrics(ending.signal).then(
        (now) => { setPoints(now); setError(""); },
        (reason: unknown) => ending.signal.aborted || setError(problem(reason)),
      );
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => { clearInterval(timer); ending.abort(); };
  }, []);
  const charts = points?.at.length ? chartsOf(points) : [];
  return (
    <section class="panel metrics" aria-label={t("chart.title")}>
      <h2>{t("chart.title")}</h2>
      {error && <p class="error" role="alert">{error}</p>}
      {charts.length === 0 && !error && <p class="hint" role="status">{t("chart.none")}</p>}
      <div class="charts">{charts.map((chart) => <LineChart key={chart.title} chart={chart} at={points?.at ?? []} />)}</div>
      {charts.length > 0 && <AsTable charts={charts} />}
    </section>
  );
}

function AsTable({ charts }: { charts: Chart[] }) {
  return (
    <details class="fact-table">
      <summary>{t("chart.asTable")}</summary>
      <table>
        <thead><tr><th scope="col">{t("chart.metric")}</th><th scope="col">{t("chart.lastOrTotal")}</th><th scope="col">{t("chart.most")}</th></tr></thead>
        <tbody>
          {charts.flatMap((chart) => chart.lines.map((line) => {
            const { main, most } = figures(line, chart);
            return <tr key={chart.title + line.name}><th scope="row">{chart.title} · {line.name}</th><td>{main}</td><td>{most}</td></tr>;
          }))}
        </tbody>
      </table>
    </details>
  );
}
