"""What Open WebUI 0.12 asks of its speech server, request for request as its source makes them (``routers/audio``,
``routers/openai.py``): it is too heavy to be run here."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest
import soxr
from websockets.asyncio.client import connect

from kouyu.audio.pcm import bytes_from_float
from kouyu.audio.wav_of_pcm import wav_of_pcm
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conftest import AnsweringServer
from tests.fields.spoken import question, silence
from tests.standins.openai_server import Say

pytestmark = pytest.mark.models

RATE = 24_000
CHAT_TOOL = {
    "type": "function",
    "name": "generate_chat_completion",
    "parameters": {
        "type": "object",
        "properties": {"request": {"type": "string"}},
        "required": ["request"],
        "additionalProperties": False,
    },
}
CONFIGURE = {
    "type": "session.update",
    "session": {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "You are the voice of a chat.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": RATE},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "server_vad", "interrupt_response": False, "create_response": False},
            },
            "output": {"format": {"type": "audio/pcm", "rate": RATE}, "voice": "marin"},
        },
        "tools": [CHAT_TOOL],
        "tool_choice": "auto",
    },
}


async def test_it_speaks_transcribes_and_lists(answering: AnsweringServer) -> None:
    base, headers = f"{answering.server.http}/openai/v1", {"Authorization": f"Bearer {answering.server.token}"}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        voices = (await http.get(f"{base}/audio/voices")).raise_for_status().json()["voices"]
        assert {name for voice in voices for name in voice} >= {"id", "name"}
        assert (await http.get(f"{base}/audio/models")).raise_for_status().json()["models"]
        models = (await http.get(f"{base}/models", headers=headers)).raise_for_status().json()["data"]
        assert "tools" in [model["id"] for model in models]
        wanted = {"input": "Good morning.", "model": "tts-1", "voice": "alloy"}
        spoken = (await http.post(f"{base}/audio/speech", json=wanted, headers=headers)).raise_for_status()
        assert spoken.headers["content-type"] == "audio/mpeg"
        wav = wav_of_pcm(bytes_from_float(question()), SPEECH_RATE)
        file = {"file": ("speech.wav", wav, "application/octet-stream")}
        heard = await http.post(
            f"{base}/audio/transcriptions", data={"model": "whisper-1"}, files=file, headers=headers
        )
        assert "capital of France" in heard.raise_for_status().json()["text"]


async def test_a_call(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Paris."))
    url = answering.server.http.replace("http", "ws") + "/openai/v1/realtime?model=tools"
    headers = {"Authorization": f"Bearer {answering.server.token}"}
    async with connect(url, additional_headers=headers, max_size=512 * 1024) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        await socket.send(json.dumps(CONFIGURE))
        assert json.loads(await socket.recv())["type"] == "session.updated", "anything else ends the call"
        speech = soxr.resample(np.concatenate([question(), silence(1.5)]), SPEECH_RATE, RATE).astype(np.float32)
        pcm = bytes_from_float(speech)
        for start in range(0, len(pcm), RATE // 5):
            audio = base64.b64encode(pcm[start : start + RATE // 5]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        heard = await until(socket, "conversation.item.input_audio_transcription.completed")
        assert "capital of France" in heard["transcript"]
        metadata = {"input_item_id": heard["item_id"]}
        await socket.send(json.dumps({"type": "response.create", "response": {"metadata": metadata}}))
        response = (await until(socket, "response.done"))["response"]
        assert (response["status"], response["metadata"]) == ("completed", metadata)
        assert response["output"][0]["content"][0]["transcript"] == "Paris."


async def until(socket: Any, kind: str) -> Any:
    """The next event of this type; none before it is an error."""
    while (event := json.loads(await socket.recv()))["type"] != kind:
        assert event["type"] != "error", event
    return event
