// Controls for each kind of value that a setting may have.

import { useState } from "preact/hooks";

import { t } from "../language/language";
import type { ControlProps } from "./field";
import { kindOf, mayBeNone } from "./schema";
import type { Choice, Json } from "./schema";

export function SwitchControl({ id, value, disabled, onChange }: ControlProps) {
  return <input id={id} type="checkbox" role="switch" aria-describedby={`${id}-help`} checked={value === true} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />;
}

export function SelectControl({ id, field, value, disabled, onChange, possible }: ControlProps & { possible: string[] | undefined }) {
  const choices: Choice[] = field["x-kouyu"]?.choices ?? (field.enum ?? []).flatMap((item) => (item === null || item === "" ? [] : [{ value: String(item), label: String(item) }]));
  const isNumber = typeof field.enum?.[0] === "number";
  const hasNone = mayBeNone(field) || field.enum?.includes("");
  const choose = (text: string): void => onChange(text === "" ? undefined : isNumber ? Number(text) : text);
  return (
    <select id={id} aria-describedby={`${id}-help`} value={value === null ? "" : String(value)} disabled={disabled} onChange={(event) => choose(event.currentTarget.value)}>
      {hasNone && <option value="">{t("settings.none")}</option>}
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value} disabled={possible && !possible.includes(choice.value)}>{choice.label}</option>
      ))}
    </select>
  );
}

export function NumberControl({ id, field, value, disabled, onChange }: ControlProps) {
  const { minimum, maximum } = field;
  const step = kindOf(field) === "integer" ? 1 : "any";
  const bounds = { ...(minimum !== undefined && { min: minimum }), ...(maximum !== undefined && { max: maximum }) };
  const change = (input: HTMLInputElement): void => {
    if (input.value === "") onChange(undefined);
    else if (input.checkValidity()) onChange(Number(input.value));
  };
  return <input id={id} type="number" inputMode="decimal" {...bounds} step={step} aria-describedby={`${id}-help`} value={value === null ? "" : Number(value)} disabled={disabled} onChange={(event) => change(event.currentTarget)} />;
}

export function TextControl({ id, field, value, disabled, onChange }: ControlProps) {
  const limit = field.maxLength === undefined ? {} : { maxLength: field.maxLength };
  return <input id={id} type="text" {...limit} aria-describedby={`${id}-help`} value={value === null ? "" : String(value)} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value || undefined)} />;
}

/** A list of texts, one a line. */
export function LinesControl({ id, value, disabled, onChange }: ControlProps) {
  const lines = Array.isArray(value) ? value.map(String) : [];
  const change = (text: string): void => {
    const given = text.split("\n").map((line) => line.trim()).filter(Boolean);
    onChange(given.length ? given : undefined);
  };
  return <textarea id={id} rows={2} placeholder={t("settings.onePerLine")} aria-describedby={`${id}-help`} value={lines.join("\n")} disabled={disabled} onChange={(event) => change(event.currentTarget.value)} />;
}

/** A map, as JSON. */
export function MapControl({ id, value, disabled, onChange }: ControlProps) {
  const [isWrong, setWrong] = useState(false);
  const isEmpty = value === null || JSON.stringify(value) === "{}";
  const change = (text: string): void => {
    try {
      const given = text.trim() ? (JSON.parse(text) as Json) : undefined;
      setWrong(false);
      onChange(given);
    } catch {
      setWrong(true);
    }
  };
  return <textarea id={id} rows={2} spellcheck={false} placeholder={'{"name": "value"}'} aria-invalid={isWrong} aria-describedby={`${id}-help`} value={isEmpty ? "" : JSON.stringify(value)} disabled={disabled} onChange={(event) => change(event.currentTarget.value)} />;
}
