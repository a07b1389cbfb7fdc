"""Ephemeral keys by the openai package."""

import time
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from kouyu.domain import errors
from kouyu.server.access.authentication import Authenticator
from kouyu.server.access.credentials import Credentials
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.store.store import Store
from kouyu.store.token_records import TokenRecord
from tests.end_to_end.running_server import RunningServer

SCOPE: Any = {"client": ("127.0.0.1", 1)}


@pytest.mark.models
def test_a_key_comes_with_its_end_and_its_session(client: OpenAI) -> None:
    session: Any = {"type": "realtime", "instructions": "Be brief.", "audio": {"input": {"turn_detection": None}}}
    made = client.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 3_600}, session=session
    )
    assert made.value.startswith("ek_")
    assert 3_500 < made.expires_at - time.time() <= 3_600
    assert made.session.type == "realtime"
    assert made.session.object == "realtime.session"
    assert made.session.instructions == "Be brief."
    assert made.session.id.startswith("sess_")
    assert made.session.audio is not None
    shown = made.session.audio.model_dump()
    assert shown["input"]["turn_detection"] is None
    assert shown["output"]["voice"]


@pytest.mark.models
def test_without_a_body_a_key_is_valid_for_ten_minutes(client: OpenAI) -> None:
    made = client.realtime.client_secrets.create()
    assert 500 < made.expires_at - time.time() <= 600
    transcribing = client.realtime.client_secrets.create(session={"type": "transcription"})
    assert transcribing.session.object == "realtime.transcription_session"


@pytest.mark.models
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 7_200}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"session": {"type": "video"}}, "session.type"),
        ({"session": "realtime"}, "session"),
        ({"session": {"type": "realtime", "audio": {"output": {"speed": 9}}}}, "session.audio.output.speed"),
        ({"session": {"instructions": "x" * 70_000}}, "session"),
    ],
)
def test_a_faulty_field_is_refused_by_its_name(client: OpenAI, body: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.realtime.client_secrets.create(**body)
    assert told.value.param == param


@pytest.mark.models
def test_clients_of_the_beta_get_a_key_in_their_session(scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    url = f"{scripted_server.http}/openai/v1/realtime/sessions"
    made = httpx.post(url, headers=headers, json={"model": "scripted", "voice": "alloy"}).json()
    assert made["client_secret"]["value"].startswith("ek_")
    assert (made["model"], made["voice"], made["object"]) == ("scripted", "alloy", "realtime.session")
    for wrong in ({"turn_detection": "none"}, {"temperature": 9}):
        refused = httpx.post(url, headers=headers, json=wrong)
        assert refused.status_code == 400
        assert next(iter(wrong)) in refused.json()["error"]["param"]


@pytest.mark.models
def test_a_call_is_told_what_to_use_instead(scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}", "Content-Type": "application/sdp"}
    answer = httpx.post(f"{scripted_server.http}/openai/v1/realtime/calls", headers=headers, content=b"v=0")
    assert answer.status_code == 400
    assert "/openai/v1/realtime" in answer.json()["error"]["message"]


@pytest.mark.models
def test_a_key_opens_no_rest_route(client: OpenAI, scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {client.realtime.client_secrets.create().value}"}
    answer = httpx.get(f"{scripted_server.http}/openai/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_where_keys_are_taken_one_counts_as_its_token(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        token, _ = await store.tokens.create("backend", permissions=("voice",))
        limiter = TokenLimiter(store.tokens)
        authenticator = Authenticator(store.tokens, FailureBackoff(), limiter, store.client_secrets)
        made = await store.client_secrets.create(token.id, {"type": "realtime"}, 60)
        assert made is not None
        presented = Credentials(made[0], sees_status=True)

        async def admitted(**how: Any) -> TokenRecord | Refusal:
            return await authenticator.authenticate(SCOPE, presented, ("voice",), **how)

        user = await admitted(takes_ephemeral=True)
        assert isinstance(user, TokenRecord)
        assert user.id == token.id
        refused = await admitted()
        assert isinstance(refused, Refusal)
        assert refused.code == errors.UNAUTHORIZED
