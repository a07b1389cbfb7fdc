"""What a real server says of its connections: a log of JSON, and traces to a collector."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import running_server
from tests.standins.openai_server import OpenAIStandIn, Refuse
from tests.standins.otlp_collector import collector

pytestmark = pytest.mark.models


async def test_log_lines_and_traces_name_log_id_client_and_conversation(
    tmp_path: Path, language_model: OpenAIStandIn
) -> None:
    with collector() as traces:
        config = f"""
[log]
format = "json"
[tracing]
endpoint = "{traces.url}"
[engines]
asr = "openai"
tts = ["hibari"]
[engines.openai_asr]
base_url = "http://127.0.0.1:9/v1"
model = "none"
[[bots]]
id = "ada"
[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"
"""
        secret = "xyzzy"
        with running_server(tmp_path, config=config) as server:
            async with talking(server) as talk:
                created = await talk.until("chat.created")
                language_model.will(Refuse(500, "no"))
                await talk.write(secret)
                failed = await talk.until("conversation.chat.failed")
            async with httpx.AsyncClient(base_url=server.http) as http:
                answer = await http.get("/v1/nothing?token=secret")
    lines: list[Any] = [json.loads(line) for line in server.log().splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (fault,) = [line for line in lines if line["message"].startswith("an agent failed")]
    accesses = {line["path"]: line for line in lines if line["logger"] == "kouyu.server.access"}
    chat = accesses["/v1/chat"]
    assert fault["log_id"] == chat["log_id"]
    assert (fault["client"], chat["client"]) == ("127.0.0.1", "127.0.0.1")
    assert fault["conversation_id"] == chat["conversation_id"] == failed.data["conversation_id"]
    assert created.type == "chat.created"
    assert (chat["method"], chat["status"]) == ("WebSocket", 101)
    missing = accesses["/v1/nothing"]
    assert (missing["status"], missing["log_id"]) == (404, answer.headers["X-Tt-Logid"])
    assert "conversation_id" not in missing
    assert secret not in server.log()
    assert "token" not in server.log()
    spans = [
        span
        for _, _, request in traces.requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    (turn,) = [span for span in spans if not span.parent_span_id]
    (chat_span,) = [span for span in spans if span.name == "chat scripted"]
    attributes = {each.key: each.value.string_value for each in turn.attributes}
    assert attributes["kouyu.log_id"] == chat["log_id"]
    assert attributes["gen_ai.conversation.id"] == chat["conversation_id"]
    assert chat_span.parent_span_id == turn.span_id
    assert secret not in str(spans)
