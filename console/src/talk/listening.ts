// The microphone in a conversation: muted and held, lost and found again.

import type { WsChatClient } from "@coze/api/ws-tools";

import { added, changed, isLiveUser } from "./bubbles";
import { mayListen, microphone, microphoneId, troubleOf, watchForLoss, watchForReturn, watchLevel } from "./microphone";
import { bubbles, connection, holding, isPushToTalk, muted } from "./state";

let stopLevel: (() => void) | undefined;

/** Shows the level of the microphone that the client records, and notices its loss. */
export function showLevel(): void {
  hideLevel();
  const client = connection.client;
  const stream = client?.recorder.getRawMediaStream();
  if (!client || !stream) return;
  stopLevel = watchLevel(stream);
  watchForLoss(stream, () => onLoss(client));
}

export function hideLevel(): void {
  stopLevel?.();
  stopLevel = undefined;
}

function onLoss(client: WsChatClient): void {
  if (client !== connection.client) return;
  if (isPushToTalk.value) {
    release();
    return;
  }
  muted.value = true;
  hideLevel();
  client.recorder.destroy();
}

/** What was being said ends here; nothing remains of what was only begun. */
export function endLiveBubble(): void {
  bubbles.value = changed(bubbles.value, isLiveUser, (bubble) => ({ ...bubble, live: false })).filter(
    (bubble) => bubble.kind !== "user" || bubble.text || bubble.files.length,
  );
}

export async function hold(): Promise<void> {
  const { client } = connection;
  if (!client || holding.value) return;
  holding.value = true;
  // The browser's question takes the pointer away from the button: one holds it again then.
  if (microphone.value !== "usable" && (!(await mayListen()) || !holding.value)) {
    holding.value = false;
    return;
  }
  bubbles.value = added(bubbles.value, { kind: "user", chatId: "", text: "", live: true, files: [] });
  try {
    await client.startRecord();
  } catch (reason) {
    holding.value = false;
    endLiveBubble();
    microphone.value = troubleOf(reason);
    return;
  }
  showLevel();
  if (!holding.value) client.stopRecord();
}

export function release(): void {
  if (!holding.value) return;
  holding.value = false;
  hideLevel();
  if (connection.client?.recorder.getStatus() === "recording") connection.client.stopRecord();
}

export async function toggleMute(): Promise<void> {
  const { client } = connection;
  if (!muted.value) {
    muted.value = true;
    hideLevel();
    await client?.setAudioEnable(false);
  } else if (await mayListen()) {
    muted.value = false;
    if (client && client === connection.client) await record(client);
  }
}

async function record(client: WsChatClient): Promise<void> {
  try {
    await client.setAudioEnable(true);
    showLevel();
  } catch (reason) {
    microphone.value = troubleOf(reason);
    muted.value = true;
  }
}

/** Tries again to use a microphone that was in trouble. */
export async function tryAgain(): Promise<void> {
  microphoneId.value = "";
  if (connection.client && !isPushToTalk.value && muted.value) await toggleMute();
  else await mayListen();
}

watchForReturn(() => void tryAgain());
