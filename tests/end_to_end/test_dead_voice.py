"""A speech endpoint where nobody answers: another voice steps in; where there is none the chat goes on in text."""

import socket
from pathlib import Path

import pytest

from tests.end_to_end.conversing import AUDIO, talking
from tests.end_to_end.running_server import running_server
from tests.standins.openai_server import OpenAIStandIn, Refuse, Say

pytestmark = pytest.mark.models

CONFIG = """
[engines]
tts = ["openai", "hibari"]
[engines.openai_tts]
base_url = "http://127.0.0.1:{port}/v1"
model = "none"
voices = [{{ name = "nova" }}]

[[bots]]
id = "scripted"
[bots.model]
base_url = "{model}"
model = "scripted"
"""


async def test_the_chat_continues_and_the_error_names_no_address(tmp_path: Path, language_model: OpenAIStandIn) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    language_model.will(Say("Good morning."), Say("早上好。"), Refuse(401, "no such key"))
    config = CONFIG.format(port=port, model=language_model.base_url)
    with running_server(tmp_path, config=config) as server:
        async with talking(server) as talk:
            assert await talk.ask("hello") == "Good morning."
            assert AUDIO in talk.types
            assert talk.events[-1].data.get("last_error") is None
            spoken = talk.types.count(AUDIO)
            assert await talk.ask("你好") == "早上好。"
            assert talk.types.count(AUDIO) == spoken
            unspoken = await talk.until("conversation.chat.completed", count=2)
            told = "not all of the answer was spoken: the speech endpoint cannot be reached"
            assert unspoken.data["last_error"] == {"code": 5000, "msg": told}
            await talk.write("and now?")
            refused = await talk.until("conversation.chat.failed")
            assert "it refused the request (HTTP 401)" in refused.data["last_error"]["msg"]
        log = server.log()
    assert "openai-nova failed" in log
    assert f"127.0.0.1:{port}" in log
    assert not any(str(port) in str(event.data) for event in talk.events)
