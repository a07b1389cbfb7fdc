// A Python program that sends again what a client sent, for developers of devices.

import type { SessionFact } from "./facts";
import type { WireLog } from "./wire_log";

/** ms; and either an event, or audio: its bytes, messages, and how long they took. */
type Step = [at_ms: number, what: { [key: string]: unknown } | { audio: [bytes: number, messages: number, ms: number] }];

/** The parts of a configuration that say what the audio of the client is. */
interface Sent {
  format?: string;
  codec?: string;
  sample_rate?: number;
}

/** What the client sent, in its order. Messages that are not kept whole cannot be sent again, and are left out. */
function stepsOf(log: WireLog): Step[] {
  return log.rows.flatMap((row): Step[] => {
    if (row.direction !== "up") return [];
    const at = Math.round(row.at_ms);
    if (row.audio_bytes > 0) return [[at, { audio: [row.audio_bytes, row.count, Math.round(row.to_ms - row.at_ms)] }]];
    return row.event ? [[at, row.event]] : [];
  });
}

/** One step a line. Line breaks and quotes are escaped in JSON, so that it stands in a raw string. */
const jsonLines = (steps: Step[]): string => `[\n${steps.map((step) => JSON.stringify(step)).join(",\n")}\n]`;

/**
 * The program. `configuration` is the one in force: sent first if the client's own `chat.update` came before the log
 * begins. The token is in an environment variable, the audio in a file.
 */
export function replayScript(log: WireLog, session: SessionFact, configuration: { [key: string]: unknown }, base: string): string {
  const steps = stepsOf(log);
  const first = steps[0]?.[0] ?? 0;
  if (!steps.some(([, what]) => "event_type" in what && what["event_type"] === "chat.update")) {
    steps.unshift([first, { event_type: "chat.update", data: configuration }]);
  }
  const query = new URLSearchParams(Object.entries({ bot_id: session.bot_id, workflow_id: session.workflow_id }).filter(([, value]) => value));
  const { format = "pcm", codec = "pcm", sample_rate: rate = 24_000 } = (configuration["input_audio"] ?? {}) as Sent;
  return `# Sends again what a client sent to kouyu in session ${session.log_id}.
#
#   pip install websockets
#   export KOUYU_TOKEN=…          an access token with the permission "voice"
#   python replay.py [AUDIO]
#
# The audio is not in here. AUDIO is a file with it, ${codec} at ${rate} Hz (of a WAV file, the samples); without it, silence is sent.
# Each message is sent as long after the first one as the client sent it.
import asyncio
import base64
import json
import os
import sys
import time
import wave

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

URL = ${JSON.stringify(`${base.replace(/^http/, "ws")}/v1/chat?${query.toString()}`)}
FORMAT, CODEC = ${JSON.stringify(format)}, ${JSON.stringify(codec)}
SILENCE = {"g711a": b"\\xd5", "g711u": b"\\xff"}.get(CODEC, b"\\0")
STAY_S = 10  # after the last message
# Milliseconds, and an event; or audio: [bytes, messages, milliseconds that they took].
STEPS = json.loads(r"""${jsonLines(steps)}""")


def audio_file(path):
    if FORMAT == "pcm" and path.endswith(".wav"):
        with wave.open(path) as file:
            return file.readframes(file.getnframes())
    with open(path, "rb") as file:
        return file.read()


class Audio:
    """The file's bytes, then silence."""

    def __init__(self, content):
        self.content = content

    def take(self, size):
        taken, self.content = self.content[:size], self.content[size:]
        if CODEC == "opus" and not taken:
            return b"\\xf8\\xff\\xfe"  # one packet of 20 ms
        return taken + SILENCE * (size - len(taken))


async def send(socket, audio):
    start, first = time.monotonic(), STEPS[0][0]

    async def until(at_ms):
        await asyncio.sleep(max(0, start + (at_ms - first) / 1000 - time.monotonic()))

    for at_ms, what in STEPS:
        if "audio" not in what:
            await until(at_ms)
            print("↑", what["event_type"])
            await socket.send(json.dumps(what))
            continue
        size, messages, took_ms = what["audio"]
        print(f"↑ {messages} × audio, {size} bytes")
        for number in range(messages):
            await until(at_ms + took_ms * number / max(messages - 1, 1))
            part = size * (number + 1) // messages // 2 * 2 - size * number // messages // 2 * 2
            delta = base64.b64encode(audio.take(part)).decode()
            await socket.send(json.dumps({"event_type": "input_audio_buffer.append", "data": {"delta": delta}}))


async def listen(socket):
    try:
        async for message in socket:
            event = json.loads(message)
            if event["event_type"] == "conversation.audio.delta":
                event["data"]["content"] = f"({len(event['data']['content']) * 3 // 4} bytes)"
            print("↓", event["event_type"], json.dumps(event.get("data"), ensure_ascii=False)[:200])
    except ConnectionClosed as end:
        print("closed:", end)


async def main():
    audio = Audio(audio_file(sys.argv[1]) if len(sys.argv) > 1 else b"")
    headers = {"Authorization": f"Bearer {os.environ['KOUYU_TOKEN']}"}
    async with connect(URL, additional_headers=headers, max_size=None) as socket:
        listening = asyncio.create_task(listen(socket))
        await send(socket, audio)
        await asyncio.wait({listening}, timeout=STAY_S)
        listening.cancel()


asyncio.run(main())
`;
}
