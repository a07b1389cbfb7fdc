"""`websockets.chat` of the JavaScript SDK, in Node."""

from pathlib import Path

import pytest

from tests.sdk.node_project import NodeProject
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools

QUESTION = "What is the capital of France?"


def test_a_typed_question_is_answered_with_speech(node: NodeProject) -> None:
    seen = node.run("chat", "typedQuestion", bot_id="echo", question=QUESTION)
    assert seen["text"].strip() == QUESTION
    assert seen["audioBytes"] > 24_000
    assert seen["types"][-1] == "conversation.chat.completed"


def test_a_flow_answers(node: NodeProject) -> None:
    seen = node.run("chat", "typedQuestion", bot_id="", workflow_id="orders", question="for tea")
    assert seen["text"] == "You asked for tea"


@pytest.mark.parametrize("piece_bytes", [None, 1000])
def test_a_wav_file_is_heard_without_any_update(node: NodeProject, questions: Path, piece_bytes: int | None) -> None:
    file = str(questions / "en-capital.wav")
    seen = node.run("chat", "pushToTalk", bot_id="echo", file=file, pieceBytes=piece_bytes or 10_000_000)
    (heard,) = [e for e in seen["events"] if e["event_type"] == "conversation.audio_transcript.completed"]
    assert "capital of france" in heard["data"]["content"].lower()
    assert seen["audioBytes"] > 24_000


def test_an_update_is_answered_with_the_whole_configuration(node: NodeProject) -> None:
    data = {"output_audio": {"codec": "opus"}, "turn_detection": {"type": "server_vad"}}
    effective = node.run("chat", "update", bot_id="echo", data=data)
    assert set(effective["input_audio"]) >= {"format", "codec", "sample_rate", "channel", "bit_depth"}
    assert effective["output_audio"]["codec"] == "opus"
    assert effective["turn_detection"]["type"] == "server_vad"
    assert "chat_config" in effective


def test_an_interruption_stops_the_answer_and_the_next_turn_works(node: NodeProject) -> None:
    seen = node.run("chat", "interrupt", bot_id="echo")
    assert seen["canceled"]["code"] == 2
    first_of_next = seen["after"].index("conversation.chat.created")
    assert "conversation.audio.delta" not in seen["after"][:first_of_next]


def test_a_tool_runs_at_the_client(node: NodeProject, sdk_model: OpenAIStandIn) -> None:
    sdk_model.will(call_tools(ToolCallScript("weather", '{"city": "Paris"}')), Say("It is sunny."))
    seen = node.run("chat", "tool", bot_id="tools", output="sunny")
    assert seen["call"]["function"] == {"name": "weather", "arguments": '{"city": "Paris"}'}
    assert seen["types"][-1] == "conversation.chat.completed"
    assert sdk_model.requests[-1].messages[-1]["content"] == "sunny"


def test_nothing_of_the_housekeeping_is_an_error_that_would_end_the_connection(node: NodeProject) -> None:
    assert "error" not in node.run("chat", "housekeeping", bot_id="echo")["types"]


def test_a_wrong_token_is_an_error_with_a_log_id(node: NodeProject) -> None:
    error = node.run("chat", "wrongToken", bot_id="echo")
    assert error["data"] == {"code": 401, "msg": "Unauthorized"}
    assert error["detail"]["logid"]


def test_a_client_that_connects_again_continues(node: NodeProject) -> None:
    seen = node.run("chat", "reconnect", bot_id="echo", question="still there")
    assert seen["text"].strip() == "still there"


def test_a_client_whose_line_was_cut_continues_with_its_configuration_and_conversation(node: NodeProject) -> None:
    update = {
        "input_audio": {"format": "pcm", "codec": "pcm", "sample_rate": 48_000, "channel": 1, "bit_depth": 16},
        "turn_detection": {"type": "server_vad"},
    }
    seen = node.run("chat", "dropped", bot_id="echo", update=update, question="still there")
    assert seen["after"] == seen["before"]
    assert seen["conversation"] == seen["before"]["chat_config"]["conversation_id"]
