"""Tokens and their limits, as the openai package sees them."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import openai
import pytest

from kouyu.store.store import Store
from kouyu.store.token_records import Permission, TokenLimits
from tests.end_to_end.running_server import RunningServer
from tests.server.openai_api.conftest import client_of

pytestmark = pytest.mark.models

QUESTION: Any = {"role": "user", "content": "Is it warm?"}


def token(server: RunningServer, *permissions: Permission, **limits: int) -> str:
    """The secret of a new token."""

    async def made() -> str:
        path: Path = server.folder / "data" / "kouyu.db"
        async with await Store.open(path, recover=False) as store:
            name = f"limited-{secrets.token_hex(4)}"
            _, secret = await store.tokens.create(name, permissions=permissions, limits=TokenLimits(**limits))
            return secret

    return asyncio.run(made())


def test_a_limit_of_requests_is_told_with_the_time_to_wait(scripted_server: RunningServer) -> None:
    with client_of(scripted_server, token(scripted_server, "text", requests_a_minute=1)) as client:
        client.models.list()
        with pytest.raises(openai.RateLimitError) as refused:
            client.models.list()
    assert refused.value.code == "rate_limit_exceeded"
    assert 0 < int(refused.value.response.headers["retry-after"]) <= 60


def test_a_token_without_audio_left_neither_speaks_nor_hears(scripted_server: RunningServer) -> None:
    with client_of(scripted_server, token(scripted_server, "text", audio_minutes_a_day=0)) as client:
        with pytest.raises(openai.RateLimitError):
            client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
        with pytest.raises(openai.RateLimitError):
            client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(
                model="scripted",
                messages=[QUESTION],
                modalities=["text", "audio"],
                audio={"voice": "alloy", "format": "wav"},
            )
        assert client.chat.completions.create(model="scripted", messages=[QUESTION]).choices


def test_a_token_of_another_permission_is_refused(scripted_server: RunningServer) -> None:
    with client_of(scripted_server, token(scripted_server, "voice")) as client:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.chat.completions.create(model="scripted", messages=[QUESTION])
        assert refused.value.code == "insufficient_permissions"
        assert client.realtime.client_secrets.create().value
    with (
        client_of(scripted_server, token(scripted_server, "text")) as client,
        pytest.raises(openai.PermissionDeniedError),
    ):
        client.realtime.client_secrets.create()
