import { call } from "./rest";
import type { SpeakerScore, VoiceprintFeature, VoiceprintGroup } from "./resources";

const GROUPS = "/v1/audio/voiceprint_groups";

function recording(audio: Blob, name?: string): FormData {
  const form = new FormData();
  form.append("file", audio, "voice.wav");
  if (name !== undefined) form.append("name", name);
  return form;
}

export const listGroups = async (): Promise<VoiceprintGroup[]> =>
  (await call<{ items: VoiceprintGroup[] }>("GET", GROUPS, { query: { page_size: 100 } })).items;

export const createGroup = (name: string): Promise<{ id: string }> => call("POST", GROUPS, { json: { name, desc: "" } });

export const deleteGroup = (id: string): Promise<unknown> => call("DELETE", `${GROUPS}/${id}`);

export const listFeatures = async (groupId: string): Promise<VoiceprintFeature[]> =>
  (await call<{ items: VoiceprintFeature[] }>("GET", `${GROUPS}/${groupId}/features`, { query: { page_size: 100 } })).items;

/** Enrols a speaker by a WAV recording of their voice. */
export const enrol = (groupId: string, name: string, audio: Blob): Promise<{ id: string }> =>
  call("POST", `${GROUPS}/${groupId}/features`, { form: recording(audio, name) });

export const deleteFeature = (groupId: string, id: string): Promise<unknown> =>
  call("DELETE", `${GROUPS}/${groupId}/features/${id}`);

/** Identifies the speaker of a WAV recording in the group: highest score (0 to 100) first. */
export const identify = async (groupId: string, audio: Blob): Promise<SpeakerScore[]> =>
  (
    await call<{ feature_score_list: SpeakerScore[] }>("POST", `${GROUPS}/${groupId}/speaker_identify`, {
      form: recording(audio),
    })
  ).feature_score_list;
