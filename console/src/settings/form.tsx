// A form with every setting of `chat.update`, generated from the server's schema.

import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { chooseNothing, chosen } from "./chosen";
import { Field } from "./field";
import { fetchSchema, fieldAt, help, kindOf, schema, titleOf } from "./schema";
import type { FieldSchema } from "./schema";

interface Place {
  path: string;
  field: FieldSchema;
}

/** All fields that are not objects, also nested ones; a field without a help text gets its object's. */
function leaves(path: string, field: FieldSchema): Place[] {
  if (kindOf(field) !== "object" || !field.properties) return [{ path, field }];
  return Object.entries(field.properties).flatMap(([name, inner]) => {
    const help = inner.description ? {} : { description: field.description ?? "", "x-kouyu": { ...inner["x-kouyu"], ...zhOf(field) } };
    return leaves(`${path}.${name}`, { ...inner, ...help });
  });
}

const zhOf = (field: FieldSchema): { zh?: string } => (field["x-kouyu"]?.zh === undefined ? {} : { zh: field["x-kouyu"].zh });

const matches = ({ path, field }: Place, words: string): boolean =>
  `${path} ${field.title ?? ""} ${field["x-kouyu"]?.zh_title ?? ""} ${field.description ?? ""} ${field["x-kouyu"]?.zh ?? ""}`.toLowerCase().includes(words.trim().toLowerCase());

/** Groups that most people change come first; the rest in the protocol's order. */
const FIRST = ["turn_detection", "output_audio", "asr_config", "voice_processing_config", "voice_print_config", "chat_config"];

export function SettingsForm() {
  const [words, setWords] = useState("");
  const [error, setError] = useState("");
  useEffect(() => void fetchSchema().catch((reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason))), []);
  const root = schema.value;
  if (!root) return <p class="hint" role="status">{error || t("loading")}</p>;
  const all = Object.entries(root.properties ?? {});
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const groups = all.filter(([, field]) => field.properties).sort(([one], [other]) => rank(one) - rank(other));
  const single = all.filter(([, field]) => !field.properties).map(([path, field]) => ({ path, field }));
  return (
    <form class="settings-form" onSubmit={(event) => event.preventDefault()}>
      <div class="toolbar">
        <input type="search" value={words} placeholder={t("settings.find")} aria-label={t("settings.find")} onInput={(event) => setWords(event.currentTarget.value)} />
        <button type="button" class="quiet" disabled={Object.keys(chosen.value).length === 0} onClick={chooseNothing}>{t("settings.resetAll")}</button>
      </div>
      {groups.map(([name, field]) => <Group key={name} name={name} field={field} places={leaves(name, field)} words={words} />)}
      <Group name="" field={{}} places={single} words={words} />
    </form>
  );
}

function Group({ name, field, places, words }: { name: string; field: FieldSchema; places: Place[]; words: string }) {
  const shown = words ? places.filter((place) => matches(place, words)) : places;
  if (shown.length === 0) return null;
  const changes = places.filter(({ path }) => chosen.value[path] !== undefined).length;
  return (
    <details open={words !== "" || name === "turn_detection"}>
      <summary>{name ? titleOf(field, name) : t("settings.others")}{name && <code>{name}</code>}{changes > 0 && <span class="count">{t("settings.changed", { count: changes })}</span>}</summary>
      {help(field) && <p class="help">{help(field)}</p>}
      {shown.map((place, index) => (
        <>
          <Subheading path={place.path} before={shown[index - 1]?.path} />
          <Field key={place.path} path={place.path} field={place.field} />
        </>
      ))}
    </details>
  );
}

/** The name of an object within the group, above its first field. */
function Subheading({ path, before }: { path: string; before: string | undefined }) {
  const inner = path.split(".").slice(1, -1).join(".");
  const innerBefore = before?.split(".").slice(1, -1).join(".");
  if (!inner || inner === innerBefore) return null;
  const [group = "", ...names] = path.split(".").slice(0, -1);
  const titles = names.map((_name, index) => titleOf(fieldAt(schema.value ?? {}, [group, ...names.slice(0, index + 1)].join(".")) ?? {}, inner));
  return <h3>{titles.join(" · ")}<code>{inner}</code></h3>;
}
