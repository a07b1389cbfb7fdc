// The package openai: a spoken turn, an interruption with a truncation, and a tool. Prints what it has seen, as JSON.

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { Microphone, RATE, pause, until } from './microphone.mjs';

const seen = { heard: [], said: [], tools: [], truncated: [], errors: [], seconds: 0 };
const client = new OpenAI({ baseURL: `${process.env.KOUYU_HTTPS}/openai/v1`, apiKey: process.env.KOUYU_TOKEN });
const realtime = await OpenAIRealtimeWS.create(client, { model: 'voice' });
let item;

realtime.on('error', (error) => seen.errors.push(String(error)));
realtime.on('conversation.item.input_audio_transcription.completed', (event) => seen.heard.push(event.transcript));
realtime.on('response.output_audio.delta', (event) => {
  item = event.item_id;
  seen.seconds += Buffer.from(event.delta, 'base64').length / 2 / RATE;
});
realtime.on('response.output_audio_transcript.done', (event) => seen.said.push(event.transcript));
realtime.on('conversation.item.truncated', (event) => seen.truncated.push(event.audio_end_ms));
realtime.on('response.output_item.done', ({ item: { type, call_id, name, arguments: given } }) => {
  if (type === 'function_call') {
    seen.tools.push([name, JSON.parse(given)]);
    const output = { type: 'function_call_output', call_id, output: 'sunny and warm' };
    realtime.send({ type: 'conversation.item.create', item: output });
  }
});
realtime.on('response.done', ({ response }) => {
  if (response.output.some((one) => one.type === 'function_call')) realtime.send({ type: 'response.create' });
});
await new Promise((resolve) => realtime.on('session.created', resolve));
realtime.send({
  type: 'session.update',
  session: {
    type: 'realtime',
    instructions: 'You know the weather.',
    audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' }, turn_detection: { type: 'server_vad' } } },
    tools: [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }],
  },
});
await new Promise((resolve) => realtime.on('session.updated', resolve));
const microphone = new Microphone((frame) =>
  realtime.send({ type: 'input_audio_buffer.append', audio: frame.toString('base64') }),
);
microphone.say('en-capital');
await until(() => seen.said.length === 1);
await pause(2500);
const before = seen.seconds;
microphone.say('en-story');
await until(() => seen.seconds > before);
await pause(1500);
const story = item;
microphone.say('en-how-are-you');
await new Promise((resolve) => realtime.on('input_audio_buffer.speech_started', resolve));
realtime.send({ type: 'conversation.item.truncate', item_id: story, content_index: 0, audio_end_ms: 1600 });
await until(() => seen.said.length === 3);
await pause(2500);
microphone.say('en-help');
await until(() => seen.said.length === 4);
microphone.stop();
realtime.close();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
