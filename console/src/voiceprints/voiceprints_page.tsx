// Voiceprints: enrol speakers and test their recognition with the microphone.

import { useEffect, useState } from "preact/hooks";

import { moment, t } from "../language/language";
import { problem } from "../server/problem";
import type { SpeakerScore, VoiceprintFeature, VoiceprintGroup } from "../server/resources";
import { createGroup, deleteFeature, deleteGroup, enrol, identify, listFeatures, listGroups } from "../server/voiceprints";
import { go, hrefOf, path } from "../shell/address";
import { RecordButton } from "./record_button";
import { Icon } from "../shell/icon";

export function VoiceprintsPage() {
  const [groups, setGroups] = useState<VoiceprintGroup[] | null>(null);
  const [, opened = ""] = path.value;
  const [name, setName] = useState("");
  const [error, setError] = useState("");
  const load = (): Promise<void> => listGroups().then(setGroups);
  const attempt = (work: Promise<unknown>): void => {
    setError("");
    work.then(load).catch((reason: unknown) => setError(problem(reason)));
  };
  useEffect(() => attempt(load()), []);
  const group = groups?.find(({ id }) => id === opened) ?? groups?.[0];
  return (
    <div class="two-columns">
      <section class="panel" aria-label={t("voiceprints.groups")}>
        <header class="toolbar"><h2>{t("voiceprints.groups")}</h2></header>
        {error && <p class="error" role="alert">{error}</p>}
        <form class="toolbar" onSubmit={(event) => { event.preventDefault(); attempt(createGroup(name).then(({ id }) => { setName(""); go("voiceprints", id); })); }}>
          <input required value={name} placeholder={t("voiceprints.groupName")} aria-label={t("voiceprints.groupName")} onInput={(event) => setName(event.currentTarget.value)} />
          <button type="submit" class="primary">{t("voiceprints.newGroup")}</button>
        </form>
        {groups?.length === 0 && <p class="hint">{t("voiceprints.none")}</p>}
        <ul class="rows">
          {groups?.map(({ id, name: title, feature_count }) => (
            <li key={id}>
              <a class="row" aria-current={group?.id === id} href={hrefOf("voiceprints", id)}>
                <span class="title">{title}</span><span class="hint">{t("voiceprints.count", { count: feature_count })}</span>
              </a>
              <button type="button" class="icon quiet" aria-label={t("delete")} title={t("delete")} onClick={() => confirm(t("voiceprints.sure")) && attempt(deleteGroup(id))}><Icon name="delete" /></button>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel detail" aria-label={t("voiceprints.speakers")}>
        {group ? <Group key={group.id} group={group} onChange={() => attempt(load())} /> : <p class="hint">{t("voiceprints.about")}</p>}
      </section>
    </div>
  );
}

function Group({ group, onChange }: { group: VoiceprintGroup; onChange: () => void }) {
  const [speakers, setSpeakers] = useState<VoiceprintFeature[]>([]);
  const [name, setName] = useState("");
  const [scores, setScores] = useState<SpeakerScore[] | null>(null);
  const [error, setError] = useState("");
  const load = (): Promise<void> => listFeatures(group.id).then(setSpeakers);
  const attempt = (work: Promise<unknown>): void => {
    setError("");
    work.catch((reason: unknown) => setError(problem(reason)));
  };
  useEffect(() => attempt(load()), [group.id]);
  const added = async (audio: Blob): Promise<void> => {
    await enrol(group.id, name, audio);
    setName("");
    await load();
    onChange();
  };
  return (
    <>
      <header class="toolbar"><h2>{group.name}</h2><span class="spacer" /><code class="id">{group.id}</code></header>
      <p class="hint">{t("voiceprints.about")}</p>
      {error && <p class="error" role="alert">{error}</p>}
      <div class="card">
        <h3>{t("voiceprints.enrol")}</h3>
        <p class="hint">{t("voiceprints.how")}</p>
        <div class="toolbar">
          <input value={name} placeholder={t("voiceprints.name")} aria-label={t("voiceprints.name")} onInput={(event) => setName(event.currentTarget.value)} />
          <RecordButton label={t("voiceprints.record")} disabled={!name.trim()} onRecorded={(audio) => attempt(added(audio))} />
        </div>
      </div>
      <ul class="rows">
        {speakers.map((speaker) => (
          <li key={speaker.id}>
            <span class="row"><span class="title">{speaker.name}</span><span class="hint">{moment(speaker.created_at)} · {speaker.id}</span></span>
            <button type="button" class="icon quiet" aria-label={t("delete")} title={t("delete")} onClick={() => attempt(deleteFeature(group.id, speaker.id).then(load).then(onChange))}><Icon name="delete" /></button>
          </li>
        ))}
      </ul>
      {speakers.length > 0 && (
        <div class="card">
          <h3>{t("voiceprints.try")}</h3>
          <RecordButton label={t("voiceprints.who")} disabled={false} onRecorded={(audio) => attempt(identify(group.id, audio).then(setScores))} />
          {scores?.map(({ feature_id, feature_name, score }) => (
            <p key={feature_id} class="score"><span>{feature_name}</span><meter min={0} max={100} value={score} /><span>{score.toFixed(0)}</span></p>
          ))}
        </div>
      )}
    </>
  );
}
