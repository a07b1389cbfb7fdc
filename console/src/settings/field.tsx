// One setting: its name, control and help text.

import { useId } from "preact/hooks";

import { t } from "../language/language";
import { PLAYED, RECORDED } from "../talk/update";
import { choose, chosen, valueAt } from "./chosen";
import { help, kindOf, titleOf } from "./schema";
import type { FieldSchema, Json } from "./schema";
import { LinesControl, MapControl, NumberControl, SelectControl, SwitchControl, TextControl } from "./controls";
import { Icon } from "../shell/icon";

/** Settings that the page's own recorder decides. */
const RECORDERS = new Set(["input_audio.format", "input_audio.sample_rate", "input_audio.channel", "input_audio.bit_depth"]);
/** The values of a field that this page supports. */
const POSSIBLE: Record<string, string[]> = { "input_audio.codec": RECORDED, "output_audio.codec": PLAYED };

/** Whether a field has an effect with the other fields' values. */
function applies(field: FieldSchema): boolean {
  const needed = Object.entries(field["x-kouyu"]?.applies ?? {});
  return needed.every(([path, values]) => values.includes(valueAt(path) as string));
}

/** Describes a number's range: "0 to 10000 ms, default 500". */
function allowed(field: FieldSchema): string {
  const unit = field["x-kouyu"]?.unit ?? "";
  const range = field.minimum !== undefined && field.maximum !== undefined ? t("settings.range", { low: field.minimum, high: field.maximum, unit }) : unit;
  const preset = field.default;
  const isPlain = typeof preset === "number" || (typeof preset === "string" && preset !== "") || typeof preset === "boolean";
  return [range.trim(), isPlain ? t("settings.default", { value: String(preset) }) : ""].filter(Boolean).join(t("comma"));
}

export function Field({ path, field }: { path: string; field: FieldSchema }) {
  const id = useId();
  const isChanged = chosen.value[path] !== undefined;
  const isOurs = RECORDERS.has(path);
  const title = titleOf(field, path);
  const note = isOurs ? t("settings.recorder") : applies(field) ? "" : t("settings.doesNotApply");
  return (
    <div class={`field ${isChanged ? "changed" : ""} ${note ? "idle" : ""}`}>
      <label for={id}>{title}<code>{path.split(".").at(-1)}</code></label>
      <div class="control">
        <Control id={id} path={path} field={field} disabled={isOurs} />
        <button type="button" class="quiet" hidden={!isChanged} aria-label={t("settings.reset", { name: title })} title={t("settings.reset", { name: title })} onClick={() => choose(path, undefined)}><Icon name="reset" /></button>
      </div>
      <p id={`${id}-help`} class="help">{help(field)} <span class="allowed">{allowed(field)}</span> {note && <em>{note}</em>}</p>
    </div>
  );
}

export interface ControlProps {
  id: string;
  field: FieldSchema;
  value: Json;
  disabled: boolean;
  onChange: (value: Json | undefined) => void;
}

function Control({ id, path, field, disabled }: { id: string; path: string; field: FieldSchema; disabled: boolean }) {
  const given: ControlProps = { id, field, value: valueAt(path), disabled, onChange: (value) => choose(path, value) };
  if (field["x-kouyu"]?.choices || field.enum) return <SelectControl {...given} possible={POSSIBLE[path]} />;
  switch (kindOf(field)) {
    case "boolean":
      return <SwitchControl {...given} />;
    case "integer":
    case "number":
      return <NumberControl {...given} />;
    case "array":
      return <LinesControl {...given} />;
    case "object":
      return <MapControl {...given} />;
    default:
      return <TextControl {...given} />;
  }
}
