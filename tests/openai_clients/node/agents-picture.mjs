// An app that shows a picture with @openai/agents. Prints what it has seen.

import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from '@openai/agents/realtime';
import { until } from './microphone.mjs';

const seen = { errors: [], history: [] };
const url = `${process.env.KOUYU_HTTP.replace('http', 'ws')}/openai/v1/realtime?model=seeing`;
const session = new RealtimeSession(new RealtimeAgent({ name: 'Assistant' }), {
  transport: new OpenAIRealtimeWebSocket({ url, useInsecureApiKey: true }),
});
const said = [];
session.on('error', (error) => seen.errors.push(JSON.stringify(error)));
session.on('agent_end', (_, __, text) => said.push(text));
await session.connect({ apiKey: process.env.KOUYU_TOKEN });
session.addImage(process.env.PICTURE, { triggerResponse: false });
session.sendMessage('What is it?');
await until(() => said.some((text) => text?.includes('red')));
seen.history = session.history;
session.close();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
