"""The REST resources of the JavaScript SDK, in Node."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kouyu.audio.wav import encode_wav, read_listening_audio
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.sdk.node_project import NodeProject
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools

WEATHER = ToolCallScript("weather", '{"city": "Paris"}')


def said(events: list[dict[str, Any]]) -> str:
    """The answer that a stream brought."""
    return "".join(event["data"]["content"] for event in events if event["event"] == "conversation.message.delta")


def test_voices_are_listed_in_pages(node: NodeProject) -> None:
    every = node.run("rest", "voices")
    assert all(voice["voice_id"] and voice["language_name"] for voice in every["voice_list"])
    page = node.run("rest", "voices", page_size=1, page_num=2)
    assert page["voice_list"] == every["voice_list"][1:2]
    assert page["has_more"] is True


@pytest.mark.parametrize(("response_format", "start"), [("wav", "RIFF"), ("ogg_opus", "OggS"), ("mp3", "")])
def test_speech_is_made(node: NodeProject, response_format: str, start: str) -> None:
    voice = node.run("rest", "voices")["voice_list"][0]["voice_id"]
    made = node.run("rest", "speech", input="Good morning.", voice_id=voice, response_format=response_format)
    assert made["bytes"] > 2000
    assert made["start"].startswith(start)


def test_a_file_is_transcribed(node: NodeProject, questions: Path) -> None:
    heard = node.run("rest", "transcription", path=str(questions / "en-capital.wav"))
    assert "capital of france" in heard["text"].lower()


def test_conversations(node: NodeProject) -> None:
    seen = node.run("rest", "conversations", bot_id="echo")
    made = seen["created"]
    assert made["meta_data"] == {"who": "Ann"}
    assert seen["retrieved"]["id"] == made["id"]
    assert made["id"] in [conversation["id"] for conversation in seen["listed"]["conversations"]]
    assert seen["cleared"]["conversation_id"] == made["id"]
    assert seen["cleared"]["id"] != made["last_section_id"]


def test_messages_of_a_conversation(node: NodeProject) -> None:
    seen = node.run("rest", "messages")
    one, two, three = [message["id"] for message in seen["made"]]
    assert seen["updated"]["content"] == seen["retrieved"]["content"] == "ONE"
    assert seen["deleted"]["id"] == two
    assert [message["id"] for message in seen["listed"]["data"]] == [three, one]
    assert [message["id"] for message in seen["first"]["data"]] == [one]
    assert [message["id"] for message in seen["second"]["data"]] == [three]
    assert (seen["first"]["has_more"], seen["second"]["has_more"]) == (True, False)


def test_a_chat_is_streamed(node: NodeProject) -> None:
    events = node.run("rest", "chatStream", bot_id="echo", question="how are you")
    kinds = [event["event"] for event in events]
    assert kinds[:2] == ["conversation.chat.created", "conversation.chat.in_progress"]
    assert kinds[-2:] == ["conversation.chat.completed", "done"]
    assert said(events).strip() == "how are you"


def test_a_chat_is_created_and_polled(node: NodeProject) -> None:
    seen = node.run("rest", "chatAndPoll", bot_id="echo", question="how are you")
    assert seen["chat"]["status"] == "completed"
    assert seen["chat"]["usage"]["token_count"] > 0
    (answer,) = [message for message in seen["messages"] if message["type"] == "answer"]
    assert answer["content"].strip() == "how are you"


def test_a_chat_is_canceled(node: NodeProject) -> None:
    seen = node.run("rest", "chatCancel", bot_id="echo", question="talk without end")
    assert seen["chat"]["status"] == "in_progress"
    assert seen["canceled"]["status"] == seen["retrieved"]["status"] == "canceled"


def test_tools_run_at_the_client_and_the_rest_is_streamed(node: NodeProject, sdk_model: OpenAIStandIn) -> None:
    sdk_model.will(call_tools(WEATHER), Say("It is sunny."))
    seen = node.run("rest", "chatTools", bot_id="tools", output="sunny", stream=True)
    assert seen["asked"]["status"] == "requires_action"
    assert said(seen["events"]) == "It is sunny."
    assert seen["after"]["status"] == "completed"


def test_tools_run_at_the_client_and_the_rest_is_polled(node: NodeProject, sdk_model: OpenAIStandIn) -> None:
    sdk_model.will(call_tools(WEATHER), Say("It is sunny."))
    seen = node.run("rest", "chatTools", bot_id="tools", output="sunny", stream=False)
    assert seen["after"]["status"] == "completed"


def test_a_flow_answers_in_a_stream(node: NodeProject) -> None:
    events = node.run("rest", "workflowChat", workflow_id="orders", question="for tea")
    assert said(events) == "You asked for tea"
    assert events[-1]["event"] == "done"


def test_a_file_is_uploaded(node: NodeProject, questions: Path) -> None:
    seen = node.run("rest", "files", path=str(questions / "en-capital.wav"))
    assert seen["retrieved"] == seen["uploaded"]
    assert seen["uploaded"]["bytes"] == seen["bytes"]
    assert seen["uploaded"]["file_name"] == "en-capital.wav"


def test_a_bot_is_made_changed_published_and_found(node: NodeProject) -> None:
    seen = node.run("rest", "bots", name="Tutor")
    for found in (seen["old"], seen["now"]):
        assert (found["bot_id"], found["name"]) == (seen["bot_id"], "Tutor again")
        assert found["prompt_info"]["prompt"] == "Be kind."
        assert found["onboarding_info"]["prologue"] == "Shall we?"
    assert seen["bot_id"] in [bot["bot_id"] for bot in seen["oldList"]["space_bots"]]
    assert seen["bot_id"] in [bot["id"] for bot in seen["list"]["items"]]


def test_workspaces_and_the_user(node: NodeProject) -> None:
    assert node.run("rest", "workspaces")["workspaces"]
    assert node.run("rest", "me")["user_id"]


def test_variables_of_a_user(node: NodeProject) -> None:
    (variable,) = node.run("rest", "variables", bot_id="echo")["items"]
    assert (variable["keyword"], variable["value"]) == ("mood", "glad")


@pytest.mark.parametrize(
    ("call", "given", "kind"),
    [
        ("users.me", {"token": "wrong"}, "AuthenticationError"),
        ("conversations.retrieve", {"arguments": ["7"]}, "NotFoundError"),
        ("bots.retrieveNew", {"arguments": ["nobody"]}, "NotFoundError"),
        ("chat.create", {"arguments": [{"bot_id": "nobody", "user_id": "u"}]}, "NotFoundError"),
        ("conversations.list", {"arguments": [{"bot_id": "echo", "page_num": 0}]}, "BadRequestError"),
        ("audio.speech.create", {"arguments": [{"input": "", "voice_id": "v"}]}, "BadRequestError"),
    ],
)
def test_a_refusal_is_an_error_of_the_sdk_with_a_log_id(
    node: NodeProject, call: str, given: dict[str, Any], kind: str
) -> None:
    refused = node.run("rest", "refused", call=call, given=given)
    assert refused["kind"] == kind
    assert refused["logid"]


def test_a_voice_is_enrolled_and_found_again(node: NodeProject, questions: Path, tmp_path: Path) -> None:
    files = {"path": ("en-capital", "en-story"), "other": ("en-sky", "en-help")}
    for name, spoken in files.items():  # by one voice
        samples = [read_listening_audio(questions / f"{question}.wav") for question in spoken]
        (tmp_path / name).write_bytes(encode_wav(np.concatenate(samples), SPEECH_RATE))
    seen = node.run("rest", "voiceprints", **{name: str(tmp_path / name) for name in files})
    assert [group["name"] for group in seen["listed"]["groups"]["items"]] == ["Family"]
    assert [feature["name"] for feature in seen["listed"]["features"]["items"]] == ["Anna"]
    (score,) = seen["scores"]["feature_score_list"]
    assert (score["feature_id"], score["feature_name"]) == (seen["feature"]["id"], "Anna")
    assert score["score"] > 0
    assert seen["after"]["items"] == []
