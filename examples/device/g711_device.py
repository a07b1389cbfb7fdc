"""What a push-to-talk telephone does, without an SDK: G.711 A-law at 8 kHz both ways, in frames of 20 ms, at the pace
of its small buffers. Needs: pip install websockets. It reads a WAV file (8 kHz, 16 bit, mono), writes reply.wav."""

import base64
import json
import os
import sys
import time
import wave

from websockets.sync.client import connect

FRAME = 160  # bytes: 20 ms of 8 kHz
WANTED = ["chat.updated", "conversation.audio_transcript.completed", "conversation.audio.delta",
          "conversation.chat.completed", "conversation.chat.failed"]  # fmt: skip


def to_a_law(sample):
    """One sample of 16 bit as a byte (ITU-T G.711)."""
    sign, level = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    level = min(level >> 4, 0x7FF)
    segment = max(0, level.bit_length() - 5)
    mantissa = (level >> max(1, segment) & 0x0F) if segment else level >> 1 & 0x0F
    return (sign | segment << 4 | mantissa) ^ 0x55


def from_a_law(byte):
    byte ^= 0x55
    segment, level = byte >> 4 & 7, (byte & 0x0F) << 4 | 8
    level = level if segment == 0 else (level | 0x100) << segment - 1
    return level if byte & 0x80 else -level


def send(socket, event_type, data=None):
    socket.send(json.dumps({"id": "1", "event_type": event_type, "data": data or {}}))


url = os.environ.get("KOUYU_URL", "http://127.0.0.1:8080").replace("http", "ws", 1) + "/v1/chat?bot_id=kouyu"
headers = {"Authorization": f"Bearer {os.environ['KOUYU_TOKEN']}"}
with wave.open(sys.argv[1]) as file:
    assert file.getframerate() == 8000, "the telephone's microphone has 8 kHz"
    pcm = memoryview(file.readframes(file.getnframes())).cast("h")
question = bytes(map(to_a_law, pcm))
with connect(url, additional_headers=headers) as socket:
    microphone = {"format": "pcm", "codec": "g711a", "sample_rate": 8000, "channel": 1, "bit_depth": 16}
    # 51 frames of 20 ms in each second, a fiftieth more than it plays: 2 s of buffer hold half a minute and more.
    loudspeaker = {"sample_rate": 8000, "frame_size_ms": 20, "limit_config": {"period": 1, "max_frame_num": 51}}
    update = {"input_audio": microphone, "output_audio": {"codec": "g711a", "pcm_config": loudspeaker}}
    send(socket, "chat.update", update | {"event_subscriptions": WANTED})
    reply, started, most = b"", 0.0, 0
    while (event := json.loads(socket.recv(timeout=60)))["event_type"] not in WANTED[3:]:
        match event["event_type"]:
            case "chat.updated":
                for number in range(0, len(question), FRAME):
                    frame = base64.b64encode(question[number : number + FRAME]).decode()
                    send(socket, "input_audio_buffer.append", {"delta": frame})
                    time.sleep(0.02)
                send(socket, "input_audio_buffer.complete")
            case "conversation.audio_transcript.completed":
                print("heard:", event["data"]["content"])
            case "conversation.audio.delta":
                started = started or time.monotonic()
                reply += base64.b64decode(event["data"]["content"])
                most = max(most, len(reply) / 8 - 1000 * (time.monotonic() - started))
print(f"{event['event_type']}: {len(reply) / 8000:.1f} s of speech; at most {most / 1000:.1f} s waited to be played")
with wave.open("reply.wav", "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(b"".join(from_a_law(byte).to_bytes(2, "little", signed=True) for byte in reply))
