// "This call" as programs: the same bot and settings, with the token in an environment variable.

import { asUpdate, chosen } from "../settings/chosen";
import type { Json } from "../settings/schema";

/** What is called: `base` is the server's address without a slash at its end. */
export interface Call {
  base: string;
  botId: string;
  workflowId: string;
  conversationId: string;
}

/** JSON as a Python literal. */
export function python(value: Json, indent = ""): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const [open, close, items] = Array.isArray(value)
    ? ["[", "]", value.map((item) => python(item, inner))]
    : ["{", "}", Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${python(item, inner)}`)];
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}${close}`;
}

/** The settings of the call. The audio that this page records and plays does not matter to a program. */
function settings({ conversationId }: Call): { [key: string]: Json } {
  const { input_audio: _, output_audio: output, ...rest } = asUpdate(chosen.value) as { [key: string]: { [key: string]: Json } };
  const { codec: __, ...voice } = output ?? {};
  const update: { [key: string]: Json } = Object.keys(voice).length ? { output_audio: voice, ...rest } : rest;
  if (conversationId) update["chat_config"] = { ...(rest["chat_config"] ?? {}), conversation_id: conversationId };
  return update;
}

function query({ botId, workflowId }: Call): string {
  const given = Object.entries({ bot_id: botId, workflow_id: workflowId }).filter(([, value]) => value);
  return new URLSearchParams(given).toString();
}

/** A question, spoken in a WAV file or typed; prints what comes and saves the speech. */
export function pythonCode(call: Call): string {
  const url = `${call.base.replace(/^http/, "ws")}/v1/chat?${query(call)}`;
  return `# pip install websockets
# export KOUYU_TOKEN=…      an access token with the permission "voice" (kouyu token create my-app)
# python call.py "Hello!"   or   python call.py question.wav      (16 bit, mono)
import asyncio
import base64
import json
import os
import sys
import wave

from websockets.asyncio.client import connect

URL = ${JSON.stringify(url)}
SETTINGS = ${python(settings(call))}
RATE = 24000  # Hz of the speech that comes


async def speak(send, path):
    """Sends a WAV file at the speed of speech, then silence, as a microphone does."""
    with wave.open(path) as file:
        samples = file.readframes(file.getnframes())
        audio = {"format": "pcm", "codec": "pcm", "sample_rate": file.getframerate(), "channel": 1, "bit_depth": 16}
    size = audio["sample_rate"] // 50 * 2  # 20 ms
    await send("chat.update", {**SETTINGS, "input_audio": audio})
    is_push_to_talk = SETTINGS.get("turn_detection", {}).get("type", "client_interrupt") == "client_interrupt"
    for begin in range(0, len(samples), size):
        await send("input_audio_buffer.append", {"delta": base64.b64encode(samples[begin : begin + size]).decode()})
        await asyncio.sleep(0.02)
    if is_push_to_talk:
        await send("input_audio_buffer.complete")
        return
    while True:
        await send("input_audio_buffer.append", {"delta": base64.b64encode(bytes(size)).decode()})
        await asyncio.sleep(0.02)


async def main(question):
    headers = {"Authorization": f"Bearer {os.environ['KOUYU_TOKEN']}"}
    async with connect(URL, additional_headers=headers, max_size=None) as socket:

        async def send(event_type, data=None):
            await socket.send(json.dumps({"event_type": event_type, "data": data}))

        if question.endswith(".wav"):
            speaking = asyncio.create_task(speak(send, question))
        else:
            speaking = None
            await send("chat.update", SETTINGS)
            await send("conversation.message.create", {"role": "user", "content_type": "text", "content": question})
        with wave.open("answer.wav", "wb") as answer:
            answer.setnchannels(1)
            answer.setsampwidth(2)
            answer.setframerate(RATE)
            async for message in socket:
                event = json.loads(message)
                match event["event_type"]:
                    case "conversation.audio_transcript.completed":
                        print("heard:", event["data"]["content"])
                    case "conversation.message.delta":
                        print(event["data"]["content"], end="", flush=True)
                    case "conversation.audio.delta":
                        answer.writeframes(base64.b64decode(event["data"]["content"]))
                    case "conversation.chat.completed":
                        break
                    case "conversation.chat.failed" | "error":
                        sys.exit(f"failed: {event['data']}")
        if speaking:
            speaking.cancel()
    print("\\nThe speech is in answer.wav")


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "Hello!"))
`;
}

/** A typed question through the official SDK in Node; prints the answer. */
export function javascriptCode(call: Call): string {
  const request = { bot_id: call.botId, ...(call.workflowId && { workflow_id: call.workflowId }) };
  return `// npm install @coze/api
// KOUYU_TOKEN=… node call.mjs "Hello!"      an access token with the permission "voice"
import { CozeAPI } from '@coze/api';

const coze = new CozeAPI({
  token: process.env.KOUYU_TOKEN,
  baseURL: ${JSON.stringify(call.base)},
  baseWsURL: ${JSON.stringify(call.base.replace(/^http/, "ws"))},
});
const settings = ${JSON.stringify(settings(call), null, 2)};

const socket = await coze.websockets.chat.create(${JSON.stringify(request)});
const send = (event_type, data) => socket.send({ id: crypto.randomUUID(), event_type, data });
let audioBytes = 0;

socket.onmessage = event => {
  switch (event.event_type) {
    case 'chat.created':
      send('chat.update', settings);
      send('conversation.message.create', { role: 'user', content_type: 'text', content: process.argv[2] ?? 'Hello!' });
      break;
    case 'conversation.message.delta':
      process.stdout.write(event.data.content);
      break;
    case 'conversation.audio.delta': // PCM, 16 bit, mono, 24 kHz
      audioBytes += Buffer.from(event.data.content, 'base64').length;
      break;
    case 'conversation.chat.completed':
      console.log(\`\\n\${(audioBytes / 48000).toFixed(1)} s of speech\`);
      socket.close();
      break;
    case 'conversation.chat.failed':
    case 'error':
      console.error('failed:', event.data);
      socket.close();
      break;
  }
};
`;
}

const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A typed question over REST, its answer streamed as text. */
export function curlCode(call: Call): string {
  const message = { role: "user", content_type: "text", content: "Hello!" };
  const where = call.conversationId ? `?conversation_id=${encodeURIComponent(call.conversationId)}` : "";
  const [path, body] = call.workflowId
    ? ["/v1/workflows/chat", { workflow_id: call.workflowId, bot_id: call.botId, additional_messages: [message], ...(call.conversationId && { conversation_id: call.conversationId }) }]
    : [`/v3/chat${where}`, { bot_id: call.botId, user_id: "me", stream: true, additional_messages: [message] }];
  return `# Text alone: speech needs a WebSocket.
# export KOUYU_TOKEN=…      an access token with the permission "text"
curl --no-buffer ${shell(call.base + path)} \\
  --header "Authorization: Bearer $KOUYU_TOKEN" \\
  --header 'Content-Type: application/json' \\
  --data ${shell(JSON.stringify(body))}
`;
}
