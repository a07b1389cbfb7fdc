// A voice agent as one writes it with @openai/agents: a spoken turn, an interruption and a tool. Prints what it has seen.

import { tool } from '@openai/agents';
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from '@openai/agents/realtime';
import { z } from 'zod';
import { Microphone, RATE, pause, until } from './microphone.mjs';

const seen = { said: [], tools: [], interruptions: 0, errors: [], seconds: 0 };
const weather = tool({
  name: 'weather',
  description: 'The weather of a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    seen.tools.push(city);
    return 'sunny and warm';
  },
});
const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'You know the weather.', tools: [weather] });
const url = `${process.env.KOUYU_HTTP.replace('http', 'ws')}/openai/v1/realtime?model=voice`;
const session = new RealtimeSession(agent, {
  transport: new OpenAIRealtimeWebSocket({ url, useInsecureApiKey: true }),
  config: { audio: { input: { turnDetection: { type: 'server_vad' } } } },
});
session.on('error', (error) => seen.errors.push(JSON.stringify(error)));
session.on('audio', (event) => (seen.seconds += event.data.byteLength / 2 / RATE));
session.on('audio_interrupted', () => seen.interruptions++);
session.on('agent_end', (_, __, text) => seen.said.push(text));
await session.connect({ apiKey: process.env.KOUYU_TOKEN });
const microphone = new Microphone((frame) =>
  session.sendAudio(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength)),
);
const said = (text) => until(() => seen.said.some((one) => one?.includes(text)));
microphone.say('en-capital');
await said('Paris');
await pause(2500);
const before = seen.seconds;
microphone.say('en-story');
await until(() => seen.seconds > before);
await pause(1500);
microphone.say('en-how-are-you');
await until(() => seen.interruptions > 0);
await said('fine');
await pause(2500);
microphone.say('en-help');
await until(() => seen.tools.length > 0);
await said('sunny');
await pause(500);
seen.history = session.history
  .filter((item) => item.type === 'message')
  .map(({ role, status, content }) => [role, status, content.map((part) => part.transcript ?? part.text).join(' ')]);
microphone.stop();
session.close();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
