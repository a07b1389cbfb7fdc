"""Making a speaker known to a server, over REST."""

import httpx

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import encode_wav
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.running_server import RunningServer


async def enrolled(server: RunningServer, speech: Samples) -> tuple[str, str]:
    """Enrol the speaker of ``speech`` in a group of their own; the group's id and the feature's."""
    header = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.http, headers=header, timeout=60) as client:
        groups = "/v1/audio/voiceprint_groups"
        group: str = (await client.post(groups, json={"name": "people"})).raise_for_status().json()["data"]["id"]
        file = ("joe.wav", encode_wav(speech, SPEECH_RATE), "audio/wav")
        answer = await client.post(f"{groups}/{group}/features", data={"name": "Joe"}, files={"file": file})
        return group, answer.raise_for_status().json()["data"]["id"]
