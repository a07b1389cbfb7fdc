// The vertical axis of a chart, the lines on it, and what they say in numbers.

import { duration } from "../language/language";

export type Unit = "count" | "ms";
export type Value = number | null;

/** One line of a chart. */
export interface Line {
  name: string;
  values: Value[];
}

/** The upper end of an axis from 0 that holds all values: twice a step of 1, 2 or 5 times a power of ten. */
export function topOf(lines: Line[], unit: Unit): number {
  const most = Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const least = unit === "count" ? 1 : 0.5;
  const half = Math.max(most / 2, least);
  const power = 10 ** Math.floor(Math.log10(half));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= half) ?? 10;
  return 2 * step * power;
}

/** The path of an SVG: one stretch for each run of values; a run of one value is a dot. */
export function pathOf(values: Value[], x: (index: number) => number, y: (value: number) => number): string {
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const place = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    const before = values[index - 1];
    path += before === null || before === undefined ? `M${place}h0` : `L${place}`;
  });
  return path;
}

/** A value with its unit; a dash where nothing was measured. */
export function shown(value: Value | undefined, unit: Unit): string {
  if (value === null || value === undefined) return "–";
  if (unit === "count") return String(value);
  return value > 0 && value < 10 ? `${value.toFixed(1)} ms` : duration(value);
}

export const largest = (values: Value[]): Value => values.reduce((most, value) => (most === null || (value ?? -1) > most ? value : most), null);
export const sum = (values: Value[]): number => values.reduce<number>((total, value) => total + (value ?? 0), 0);
