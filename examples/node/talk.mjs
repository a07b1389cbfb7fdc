// Asks a bot the question in a WAV file, prints both, and writes the spoken answer to reply.wav.
// npm install, then: node talk.mjs question.wav   (Node 20 or newer)

import { readFileSync, writeFileSync } from 'node:fs';

import { CozeAPI, WebsocketsEventType as Type } from '@coze/api';

const url = process.env.KOUYU_URL ?? 'https://127.0.0.1:8443';
const coze = new CozeAPI({ token: process.env.KOUYU_TOKEN, baseURL: url, baseWsURL: url.replace('http', 'ws') });
const chat = await coze.websockets.chat.create({ bot_id: 'kouyu' });
const audio = [];

// `onopen` may have passed by now: the first event of the server, chat.created, says that it listens.
chat.onmessage = event => {
  switch (event.event_type) {
    case Type.CHAT_CREATED: {
      const delta = readFileSync(process.argv[2]).toString('base64');
      chat.send({ id: '1', event_type: Type.INPUT_AUDIO_BUFFER_APPEND, data: { delta } });
      chat.send({ id: '2', event_type: Type.INPUT_AUDIO_BUFFER_COMPLETE });
      break;
    }
    case Type.CONVERSATION_AUDIO_TRANSCRIPT_COMPLETED:
      console.log('You: ', event.data.content);
      break;
    case Type.CONVERSATION_MESSAGE_DELTA:
      process.stdout.write(event.data.content);
      break;
    case Type.CONVERSATION_AUDIO_DELTA:
      audio.push(Buffer.from(event.data.content, 'base64'));
      break;
    case Type.CONVERSATION_CHAT_COMPLETED:
    case Type.CONVERSATION_CHAT_FAILED:
      writeFileSync('reply.wav', wav(Buffer.concat(audio), 24_000));
      chat.close(); // else the SDK connects again
      break;
  }
};
chat.onerror = error => {
  console.error(error.data?.msg ?? error);
  process.exit(1);
};

// 16 bit, mono.
function wav(pcm, rate) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8);
  [[16, 4], [1, 2], [1, 2], [rate, 4], [rate * 2, 4], [2, 2], [16, 2]].reduce(
    (offset, [value, bytes]) => head.writeUIntLE(value, offset, bytes), 16);
  head.write('data', 36);
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}
