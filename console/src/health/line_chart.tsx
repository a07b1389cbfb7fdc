// A small chart of values over the last 15 minutes.

import { useState } from "preact/hooks";

import { t } from "../language/language";
import { useWidth } from "../shell/width";
import { largest, pathOf, shown, sum, topOf } from "./scale";
import type { Line, Unit } from "./scale";

export interface Chart {
  title: string;
  unit: Unit;
  /** Whether a value is what was added since the one before, so that their sum is of interest, not the last of them. */
  isIncrease?: boolean;
  lines: Line[];
}

const MINUTES = 15;
const HEIGHT = 132;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

/** What a line says in numbers: the last value or the sum, and the largest. */
export function figures({ values }: Line, { unit, isIncrease }: Chart): { main: string; most: string } {
  return { main: shown(isIncrease ? sum(values) : values.at(-1), unit), most: shown(largest(values), unit) };
}

export function LineChart({ chart, at }: { chart: Chart; at: number[] }) {
  const [setElement, width] = useWidth();
  const [pointed, setPointed] = useState<number | null>(null);
  const { title, unit, lines, isIncrease } = chart;
  const end = at.at(-1) ?? 0;
  const right = width - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const top = topOf(lines, unit);
  const xAt = (minutesAgo: number): number => right - (minutesAgo / MINUTES) * (right - LEFT);
  const x = (index: number): number => Math.max(LEFT, xAt((end - (at[index] ?? end)) / 60));
  const y = (value: number): number => bottom - (value / top) * (bottom - TOP);
  const point = (event: PointerEvent): void => {
    const place = event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
    const near = at.reduce((best, _, index) => (Math.abs(x(index) - place) < Math.abs(x(best) - place) ? index : best), 0);
    setPointed(at.length ? near : null);
  };
  const inWords = lines.map((line) => t(isIncrease ? "chart.total" : "chart.last", { name: line.name, ...figures(line, chart) })).join(t("chart.semicolon"));
  return (
    <figure class="chart" ref={setElement}>
      <figcaption>{title}</figcaption>
      <svg width={width} height={HEIGHT} role="img" aria-label={`${title}${t("chart.colon")}${inWords}`} onPointerMove={point} onPointerLeave={() => setPointed(null)}>
        {[0, top / 2, top].map((value) => (
          <g key={value} class="grid">
            <line x1={LEFT} x2={right} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">{shown(value, unit)}</text>
          </g>
        ))}
        {[15, 10, 5, 0].map((minutes) => (
          <text key={minutes} class="tick" x={xAt(minutes)} y={HEIGHT - 5} text-anchor={minutes === 0 ? "end" : minutes === MINUTES ? "start" : "middle"}>
            {minutes === 0 ? t("chart.now") : t("chart.ago", { minutes })}
          </text>
        ))}
        {lines.map((line, index) => <path key={index} class={`line line-${index}`} d={pathOf(line.values, x, y)} />)}
        {pointed !== null && <line class="pointer" x1={x(pointed)} x2={x(pointed)} y1={TOP} y2={bottom} />}
      </svg>
      <ul class="legend" aria-hidden="true">
        {lines.map((line, index) => (
          <li key={index}>
            <i class={`line-${index}`} />{line.name} <strong>{pointed === null ? figures(line, chart).main : shown(line.values[pointed], unit)}</strong>
          </li>
        ))}
        {pointed !== null && <li class="hint">{clock(at[pointed] ?? 0)}</li>}
      </ul>
    </figure>
  );
}

const clock = (seconds: number): string => new Date(seconds * 1000).toLocaleTimeString(document.documentElement.lang);
