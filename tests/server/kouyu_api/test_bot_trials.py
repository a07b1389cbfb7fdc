"""A bot is tried before it is saved: the page shows what models and tools there are, and what the bot answers."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from kouyu.server.sign_in.requests import JWT_BEARER
from tests.end_to_end.running_server import RunningServer
from tests.server.sign_in.conftest import KEY_ID, PRIVATE_KEY, PUBLIC_KEYS
from tests.standins.openai_server import OpenAIStandIn, Refuse

pytestmark = pytest.mark.models


def call(server: RunningServer, method: str, path: str, json: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.request(method, f"{server.http}/v1/kouyu/bots/{path}", headers=headers, json=json, trust_env=False)


def test_the_models_of_the_settings_can_be_chosen(scripted_server: RunningServer) -> None:
    data = call(scripted_server, "GET", "choices").json()["data"]
    assert data == {"models": [{"model_id": "scripted", "model_name": "scripted"}], "tool_servers": []}


def test_a_bot_that_is_not_saved_answers_with_its_prompt_and_model(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    body = {
        "prompt_info": {"prompt": "You are a pirate."},
        "model_info_config": {"temperature": 0.3},
        "question": "Where to?",
    }
    data = call(scripted_server, "POST", "try", body).json()["data"]
    sent = language_model.requests[-1].body
    assert sent["messages"] == [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "Where to?"},
    ]
    assert sent["temperature"] == 0.3
    assert (data["answer"], data["failure"], data["tools"]) == ("Where to?", "", [])
    assert 0 < data["first_token_ms"] <= data["took_ms"]


def test_why_a_model_does_not_answer_is_told(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    language_model.will(Refuse(401, "Incorrect API key provided."))
    data = call(scripted_server, "POST", "try", {"question": "Hello"}).json()["data"]
    assert (data["answer"], data["first_token_ms"]) == ("", None)
    assert "HTTP 401" in data["failure"]


def test_a_field_that_cannot_be_is_named(scripted_server: RunningServer) -> None:
    answer = call(scripted_server, "POST", "try", {"question": "Hello", "model_info_config": {"model_id": "none"}})
    assert answer.status_code == 400
    assert "model_info_config.model_id" in answer.json()["msg"]


def test_a_token_for_some_bots_tries_no_others(scripted_server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_text(PUBLIC_KEYS[KEY_ID])
    key = ("--public-key", str(tmp_path / "public.pem"), "--key-id", KEY_ID, "--client-id", "trial")
    app = ("app", "create", "trial", "--kind", "service", *key, "--data-dir", str(scripted_server.folder / "data"))
    subprocess.run([sys.executable, "-m", "kouyu", *app], check=True, capture_output=True, timeout=60)
    now = int(time.time())
    claims = {"iss": "trial", "aud": "127.0.0.1", "iat": now, "exp": now + 60, "jti": "1"}
    assertion = jwt.encode(claims, PRIVATE_KEY, "RS256", headers={"kid": KEY_ID})
    scope = {"attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": ["scripted"]}}}
    token = httpx.post(
        f"{scripted_server.http}/api/permission/oauth2/token",
        headers={"Authorization": f"Bearer {assertion}"},
        json={"grant_type": JWT_BEARER, "scope": scope},
        trust_env=False,
    ).json()["access_token"]
    answer = httpx.post(
        f"{scripted_server.http}/v1/kouyu/bots/try",
        headers={"Authorization": f"Bearer {token}"},
        json={"question": "Hello"},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, 4101)


def test_a_permission_is_needed(scripted_server: RunningServer) -> None:
    assert httpx.get(f"{scripted_server.http}/v1/kouyu/bots/choices", trust_env=False).status_code == 401
