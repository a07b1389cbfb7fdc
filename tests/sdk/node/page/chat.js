// WsChatClient: what a page with a voice conversation does with it.

import { WsChatClient, WsChatEventNames } from '@coze/api/ws-tools';

import { Listening } from './listening.js';
import { silence, sound } from './loudspeaker.js';

const HEARD = 'server.conversation.audio_transcript.completed';
const COMPLETED = 'server.conversation.chat.completed';
const CANCELED = 'server.conversation.chat.canceled';

async function open({ token, baseWsURL }, options, data) {
  const client = new WsChatClient({ token, baseWsURL, allowPersonalAccessTokenInBrowser: true, ...options });
  const chat = new Listening();
  client.on(WsChatEventNames.ALL, chat.keep);
  await client.connect({ chatUpdate: { data } });
  return [client, chat];
}

async function account(client, chat, more) {
  await client.disconnect();
  const errors = chat.events.filter(event => event.name === 'server.error');
  return { names: chat.names, heard: chat.said(HEARD), text: chat.said('server.conversation.message.delta'), errors, ...more };
}

// The microphone says a question; what the bot answers sounds, to its end.
export async function speakAndHear(where, { botId, data }) {
  const [client, chat] = await open(where, { botId }, data);
  await chat.until(HEARD);
  client.setAudioEnable(false);
  const level = await sound();
  await chat.until('client.audio.sentence.playback_start');
  await chat.until(COMPLETED);
  await silence();
  await chat.until('client.audio.sentence.playback_ended');
  return account(client, chat, { level, effective: (await chat.until('server.chat.updated')).data });
}

// The opening words sound by themselves.
export async function hearPrologue(where, { botId }) {
  const [client, chat] = await open(where, { botId, audioMutedDefault: true });
  const level = await sound();
  await chat.until('server.conversation.audio.completed');
  await silence();
  return account(client, chat, { level });
}

// The page's "interrupt" button.
export async function interruptByButton(where, { botId, text }) {
  const [client, chat] = await open(where, { botId, audioMutedDefault: true }, { need_play_prologue: false });
  client.sendTextMessage(text);
  const level = await sound();
  client.interrupt();
  const canceled = await chat.until(CANCELED);
  await silence();
  const from = chat.events.length;
  client.sendTextMessage('and now');
  const next = await sound();
  await chat.until(COMPLETED, from);
  return account(client, chat, { level, canceled: canceled.data, next });
}

// The microphone speaks into the answer.
export async function interruptByVoice(where, { botId, text }) {
  const [client, chat] = await open(where, { botId, audioMutedDefault: true }, { need_play_prologue: false });
  client.sendTextMessage(text);
  const level = await sound();
  client.setAudioEnable(true);
  const canceled = await chat.until(CANCELED);
  client.setAudioEnable(false);
  await silence();
  return account(client, chat, { level, canceled: canceled.data });
}

// Push to talk: the button is held while the microphone speaks.
export async function holdToTalk(where, { botId, holdMs }) {
  const data = { need_play_prologue: false, turn_detection: { type: 'client_interrupt' } };
  const [client, chat] = await open(where, { botId }, data);
  await client.startRecord();
  await new Promise(resolve => setTimeout(resolve, holdMs));
  client.stopRecord();
  await chat.until(HEARD);
  const level = await sound();
  await chat.until(COMPLETED);
  return account(client, chat, { level });
}

// The demo's box for events of any kind.
export async function sendAnything(where, { botId, events }) {
  const [client, chat] = await open(where, { botId, audioMutedDefault: true }, { need_play_prologue: false });
  for (const event of events) client.sendMessage(event);
  client.sendTextMessage('still there');
  await chat.until(COMPLETED);
  return account(client, chat);
}

// A token that is not valid: a browser sees no HTTP status, but the SDK rejects.
export async function wrongToken(where, { botId }) {
  try {
    await open({ ...where, token: 'wrong' }, { botId });
  } catch (error) {
    return { code: error.code, logid: error.logid, text: String(error) };
  }
}
