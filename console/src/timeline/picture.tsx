// A turn's lanes on one time axis.

import { useRef, useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { useWidth } from "../shell/width";
import type { TurnRecord, UserAudio, UserVoice } from "./facts";
import { factOf, factsOf } from "./facts";
import { lanesOf } from "./lanes";
import type { Bar, Lane, Mark } from "./lanes";

/** The part of the session's axis that is shown, in ms. */
export interface Range {
  from: number;
  to: number;
}

const AXIS = 22;
const SOUND = 64;
const LANE = 34;
const BAR = 18;
const NAME = 13;

interface Scale {
  x: (ms: number) => number;
  width: number;
  range: Range;
}

/** The timeline of a turn; `zero` is the time at 0 on the axis, `summary` describes it in words. */
export function Picture(props: { record: TurnRecord; range: Range; zero: number; summary: string }) {
  const { record, range, zero } = props;
  const [setElement, width] = useWidth();
  const [pointed, setPointed] = useState("");
  const scale: Scale = { range, width, x: (ms) => ((ms - range.from) / (range.to - range.from)) * width };
  const lanes = lanesOf(record, range.to);
  const height = AXIS + SOUND + lanes.length * LANE;
  return (
    <div class="picture" ref={setElement}>
      <svg width={width} height={height} role="img" aria-label={props.summary}>
        <Axis scale={scale} zero={zero} height={height} />
        <g transform={`translate(0 ${AXIS})`}>
          <Sound record={record} scale={scale} />
        </g>
        {lanes.map((lane, index) => (
          <g key={lane.name} transform={`translate(0 ${AXIS + SOUND + index * LANE})`}>
            <LaneRow lane={lane} scale={scale} height={(lanes.length - index) * LANE} onPoint={setPointed} />
          </g>
        ))}
      </svg>
      <p class="pointed" aria-hidden="true">{pointed || t(factOf(record, "speech.ended") ? "timeline.zeroIsSpeechEnd" : "timeline.zeroIsBeginning")}</p>
    </div>
  );
}

const STEPS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

function Axis({ scale, zero, height }: { scale: Scale; zero: number; height: number }) {
  const { range, width, x } = scale;
  const step = STEPS.find((ms) => (ms / (range.to - range.from)) * width > 64) ?? 60_000;
  const first = Math.ceil((range.from - zero) / step) * step;
  const count = Math.max(0, Math.floor((range.to - zero - first) / step) + 1);
  const ticks = Array.from({ length: count }, (_item, index) => first + index * step);
  return (
    <g class="axis">
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(${x(zero + tick)} 0)`}>
          <line y1={AXIS - 6} y2={height} class={tick === 0 ? "zero" : ""} />
          <text y={11} x={3}>{tick === 0 ? "0" : `${tick > 0 ? "+" : "−"}${duration(Math.abs(tick))}`}</text>
        </g>
      ))}
    </g>
  );
}

/** The waveform, and above it the probability of speech as an area. */
function Sound({ record, scale }: { record: TurnRecord; scale: Scale }) {
  const middle = SOUND / 2;
  const isSeen = (fact: UserAudio | UserVoice): boolean => fact.to_ms > scale.range.from && fact.from_ms < scale.range.to;
  const waves = factsOf(record, "user.audio").filter(isSeen).map((fact) => waveform(fact, scale, middle));
  const areas = factsOf(record, "user.voice").filter(isSeen).map((fact) => probability(fact, scale));
  return (
    <g class="sound">
      {areas.map((points) => <polygon key={points} class="probability" points={points} />)}
      {waves.map((points) => <polygon key={points} class="waveform" points={points} />)}
      <text class="lane-name" y={NAME} x={4}>{t("lane.user")}</text>
    </g>
  );
}

function waveform(fact: UserAudio, { x }: Scale, middle: number): string {
  const edges = fact.peaks.flatMap((peak, index) => {
    // Loudness is logarithmic; the square root is close enough and needs no lower bound.
    const half = Math.max(Math.sqrt(Math.min(peak, 1)), 0.015) * (middle - 2);
    const from = fact.from_ms + index * fact.piece_ms;
    return [from, from + fact.piece_ms].map((ms) => ({ at: x(ms).toFixed(1), half }));
  });
  const above = edges.map(({ at, half }) => `${at},${(middle - half).toFixed(1)}`);
  const below = edges.reverse().map(({ at, half }) => `${at},${(middle + half).toFixed(1)}`);
  return [...above, ...below].join(" ");
}

function probability(fact: UserVoice, { x }: Scale): string {
  const points = fact.probabilities.flatMap((value, index) => {
    const y = (SOUND - value * (SOUND - 4)).toFixed(1);
    const from = fact.from_ms + index * fact.chunk_ms;
    return [`${x(from).toFixed(1)},${y}`, `${x(from + fact.chunk_ms).toFixed(1)},${y}`];
  });
  const [left, right] = [x(fact.from_ms).toFixed(1), x(fact.from_ms + fact.probabilities.length * fact.chunk_ms).toFixed(1)];
  return `${left},${SOUND} ${points.join(" ")} ${right},${SOUND}`;
}

function LaneRow(props: { lane: Lane; scale: Scale; height: number; onPoint: (title: string) => void }) {
  const { lane, scale, height, onPoint } = props;
  const clip = useRef(`clip-${Math.random().toString(36).slice(2)}`).current;
  return (
    <g>
      <line class="divider" x1={0} x2={scale.width} y1={0.5} y2={0.5} />
      {lane.bars.map((bar, index) => (
        <BarShape key={index} bar={bar} scale={scale} clip={`${clip}-${index}`} onPoint={onPoint} />
      ))}
      {lane.marks.map((mark, index) => <MarkShape key={index} mark={mark} scale={scale} height={height} onPoint={onPoint} />)}
      <text class="lane-name" y={NAME - 2} x={4}>{lane.name}</text>
    </g>
  );
}

type Pointing = { scale: Scale; onPoint: (title: string) => void };

function BarShape({ bar, scale, clip, onPoint }: Pointing & { bar: Bar; clip: string }) {
  const [left, right] = [Math.max(scale.x(bar.from), -4), Math.min(scale.x(bar.to), scale.width + 4)];
  if (right < 0 || left > scale.width) return null;
  const width = Math.max(right - left, 2);
  const point = (): void => onPoint(bar.title);
  return (
    <g class={`bar look-${bar.look}`} onPointerEnter={point} onPointerLeave={() => onPoint("")} onClick={point}>
      <title>{bar.title}</title>
      <clipPath id={clip}><rect x={left} y={LANE - BAR - 2} width={width} height={BAR} /></clipPath>
      <rect x={left} y={LANE - BAR - 2} width={width} height={BAR} rx={4} />
      {width > 28 && <text x={Math.max(left, 0) + 5} y={LANE - 7} clip-path={`url(#${clip})`}>{bar.label}</text>}
    </g>
  );
}

function MarkShape({ mark, scale, height, onPoint }: Pointing & { mark: Mark; height: number }) {
  const x = scale.x(mark.at);
  if (x < 0 || x > scale.width) return null;
  const point = (): void => onPoint(mark.title);
  return (
    <g class={`mark look-${mark.look}`} onPointerEnter={point} onPointerLeave={() => onPoint("")} onClick={point}>
      <title>{mark.title}</title>
      <line x1={x} x2={x} y1={LANE - BAR - 4} y2={height} />
      <path d={`M${x - 5} ${LANE - BAR - 8}h10l-5 7z`} />
    </g>
  );
}
