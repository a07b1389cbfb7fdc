// WsSpeechClient, WsTranscriptionClient and WsSimultInterpretationClient, as pages use them.

import { WsSimultInterpretationClient, WsSpeechClient, WsTranscriptionClient } from '@coze/api/ws-tools';

import { Listening } from './listening.js';
import { silence, sound } from './loudspeaker.js';

const options = ({ token, baseWsURL }) => ({ token, baseWsURL, allowPersonalAccessTokenInBrowser: true });

// A client of these three tells each listener the event alone.
function hearing(client, every) {
  const heard = new Listening();
  client.on(every, event => heard.keep(event.event_type, event));
  return heard;
}

// A text sounds, to its end.
export async function speakText(where, { text, connect }) {
  const client = new WsSpeechClient(options(where));
  const heard = hearing(client, 'data');
  const over = new Promise(resolve => client.on('completed', resolve));
  await client.connect(connect);
  client.appendAndComplete(text);
  const level = await sound();
  await over;
  await silence();
  const connected = client.ws !== null;
  await client.disconnect();
  return { names: heard.names, level, connected };
}

// A text that sounds is stopped.
export async function interruptText(where, { text }) {
  const client = new WsSpeechClient(options(where));
  const heard = hearing(client, 'data');
  await client.connect();
  client.appendAndComplete(text);
  const level = await sound();
  await client.interrupt();
  await silence();
  return { names: heard.names, level };
}

// The microphone's words appear while it speaks: the SDK hangs up as soon as it is told to stop.
export async function transcribe(where, { words, transcriptionUpdateData }) {
  const client = new WsTranscriptionClient({ ...options(where), transcriptionUpdateData });
  const heard = hearing(client, 'all');
  await client.start();
  await untilSaid(heard, 'transcriptions.message.update', words);
  client.stop();
  const texts = heard.said('transcriptions.message.update');
  client.destroy();
  return { names: heard.names, texts };
}

async function untilSaid(heard, name, words, field = 'content', join = texts => texts.at(-1) ?? '') {
  for (let from = 0; !join(heard.said(name, field)).toLowerCase().includes(words); from = heard.events.length) {
    await heard.until([name, 'error'], from);
    if (heard.names.includes('error')) return;
  }
}

// The microphone's words appear, in its own language and in another; start() says nothing of the languages.
export async function interpret(where, { words, update }) {
  const client = new WsSimultInterpretationClient(options(where));
  const heard = hearing(client, 'all');
  await client.start(update && { data: update });
  await untilSaid(heard, 'simult_interpretation.transcription.delta', words, 'delta', texts => texts.join(''));
  const translated = await heard.until(['simult_interpretation.translation.delta', 'error']);
  client.stop();
  client.destroy();
  return {
    names: heard.names,
    heard: heard.said('simult_interpretation.transcription.delta', 'delta').join(''),
    translated: translated.data.delta,
    errors: heard.events.filter(event => event.name === 'error'),
  };
}
