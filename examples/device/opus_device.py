"""What esp_coze's firmware does, without an SDK: a conversation made over HTTP, JSON in continuation frames, one Opus
packet of 60 ms in each event, and at most 18 of them a second. Needs: pip install websockets av. It reads a WAV file
(16 kHz, 16 bit, mono) and writes reply.wav."""

import base64
import fractions
import json
import os
import sys
import time
import urllib.request
import wave

import av
from websockets.sync.client import connect

RATE, FRAME_MS, PIECE = 16_000, 60, 1024
WANTED = ["chat.updated", "conversation.audio_transcript.completed", "conversation.audio.delta",
          "conversation.chat.completed", "conversation.chat.failed", "error"]  # fmt: skip


def packets(path):
    """The Opus packets of a WAV file."""
    with wave.open(path) as file:
        assert file.getframerate() == RATE, "the device's microphone has 16 kHz"
        pcm = file.readframes(file.getnframes())
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.time_base = fractions.Fraction(1, RATE)
    encoder.options = {"frame_duration": str(FRAME_MS), "application": "voip", "b": "16000"}
    size = RATE * FRAME_MS // 1000 * 2
    for start in range(0, len(pcm), size):
        frame = av.AudioFrame("s16", "mono", size // 2)
        frame.planes[0].update(pcm[start : start + size].ljust(size, b"\0"))
        frame.sample_rate, frame.pts = RATE, start // 2
        yield from map(bytes, encoder.encode(frame))


def send(socket, event_type, data=None):
    text = json.dumps({"id": "event_id00101001", "event_type": event_type, "data": data or {}}, indent="\t")
    socket.send(text[start : start + PIECE] for start in range(0, len(text), PIECE))  # continuation frames


server, token = os.environ.get("KOUYU_URL", "http://127.0.0.1:8080"), f"Bearer {os.environ['KOUYU_TOKEN']}"
create = urllib.request.Request(f"{server}/v1/conversation/create?esp", b"", {"Authorization": token})
conversation = json.load(urllib.request.urlopen(create))["data"]["id"]
url = server.replace("http", "ws", 1) + "/v1/chat?bot_id=kouyu"
decoder = av.CodecContext.create("opus", "r")
decoder.sample_rate, decoder.layout = RATE, "mono"
with connect(url, additional_headers={"Authorization": token}) as socket:
    microphone = {"format": "pcm", "codec": "opus", "sample_rate": RATE, "channel": 1, "bit_depth": 16}
    limit = {"period": 1, "max_frame_num": 18}
    opus = {"sample_rate": RATE, "frame_size_ms": FRAME_MS, "bitrate": 16_000, "limit_config": limit}
    update = {"input_audio": microphone, "output_audio": {"codec": "opus", "opus_config": opus}}
    chat_config = {"chat_config": {"conversation_id": conversation, "user_id": "esp32"}}
    send(socket, "chat.update", update | chat_config | {"event_subscriptions": WANTED})
    reply, largest, event = b"", 0, {"event_type": ""}
    while event["event_type"] not in WANTED[3:]:
        text = socket.recv(timeout=60)
        largest, event = max(largest, len(text)), json.loads(text)
        match event["event_type"]:
            case "chat.updated":
                for packet in packets(sys.argv[1]):
                    send(socket, "input_audio_buffer.append", {"delta": base64.b64encode(packet).decode()})
                    time.sleep(FRAME_MS / 1000)
                send(socket, "input_audio_buffer.complete")
            case "conversation.audio_transcript.completed":
                print("heard:", event["data"]["content"])
            case "conversation.audio.delta":
                for frame in decoder.decode(av.Packet(base64.b64decode(event["data"]["content"]))):
                    reply += (frame.to_ndarray().clip(-1, 1) * 32767).astype("<i2").tobytes()
rate = decoder.sample_rate
print(f"{event['event_type']}: {len(reply) / 2 / rate:.1f} s of speech; the longest event had {largest} bytes")
with wave.open("reply.wav", "wb") as file:
    file.setparams((1, 2, rate, 0, "NONE", ""))
    file.writeframes(reply)
