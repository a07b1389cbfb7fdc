"""`WsChatClient` of the JavaScript SDK in a browser with a microphone: it speaks, hears, and interrupts."""

from pathlib import Path
from typing import Any

import pytest

from tests.sdk.node_project import NodeProject

AUDIBLE = 0.003
"""Of full scale."""


def codecs(codec: str) -> dict[str, Any]:
    """The same codec both ways, as the demo's settings say it.

    Opus in packets of 60 ms: where decoding one takes longer than it sounds, the SDK's player ends, and all that has
    come by then is lost; with the 10 ms of the default that happens on a busy machine.
    """
    rate = {"sample_rate": 8000} if codec.startswith("g711") else {"sample_rate": 24000}
    config = {"opus_config": {**rate, "frame_size_ms": 60}} if codec == "opus" else {"pcm_config": rate}
    return {"input_audio": {"format": "pcm", "codec": codec}, "output_audio": {"codec": codec, **config}}


@pytest.mark.parametrize(("codec", "rate"), [("pcm", 48_000), ("pcm", 44_100), ("opus", 48_000), ("g711a", 48_000)])
def test_a_question_is_heard_and_the_answer_sounds(
    node: NodeProject, chromium: str, microphone: Path, codec: str, rate: int
) -> None:
    data = {"need_play_prologue": False, **codecs(codec)}
    given = {"botId": "echo", "data": data, "soundCardRate": rate}
    seen = node.run_in_browser(chromium, "speakAndHear", microphone, **given)
    assert "capital of france" in seen["heard"][0].lower()
    assert "capital of france" in "".join(seen["text"]).lower()
    assert seen["level"] > AUDIBLE
    assert seen["effective"]["output_audio"]["codec"] == codec
    assert seen["effective"]["turn_detection"]["type"] == "server_vad"
    assert not seen["errors"]


def test_the_opening_words_sound_by_themselves(node: NodeProject, chromium: str, microphone: Path) -> None:
    seen = node.run_in_browser(chromium, "hearPrologue", microphone, botId="echo")
    assert seen["level"] > AUDIBLE
    assert not seen["errors"]


def test_the_interrupt_button_silences_the_answer_and_the_next_one_sounds(
    node: NodeProject, chromium: str, microphone: Path
) -> None:
    seen = node.run_in_browser(chromium, "interruptByButton", microphone, botId="echo", text="Tell me a story")
    assert seen["canceled"]["code"] == 2
    assert seen["next"] > AUDIBLE
    assert not seen["errors"]


def test_a_voice_silences_the_answer(node: NodeProject, chromium: str, microphone: Path) -> None:
    seen = node.run_in_browser(chromium, "interruptByVoice", microphone, botId="echo", text="Tell me a story")
    assert seen["canceled"]["code"] == 1
    names = seen["names"]
    assert "server.input_audio_buffer.speech_started" in names[: names.index("server.conversation.chat.canceled")]
    assert not seen["errors"]


def test_a_held_button_asks(node: NodeProject, chromium: str, microphone: Path) -> None:
    seen = node.run_in_browser(chromium, "holdToTalk", microphone, botId="echo", holdMs=5000)
    assert "capital of france" in seen["heard"][0].lower()
    assert seen["level"] > AUDIBLE
    assert not seen["errors"]


def test_an_event_nobody_knows_does_not_end_the_connection(node: NodeProject, chromium: str, microphone: Path) -> None:
    events = [{"id": "1", "event_type": "an.event.of.tomorrow"}, {"id": "2", "event_type": "conversation.chat.cancel"}]
    seen = node.run_in_browser(chromium, "sendAnything", microphone, botId="echo", events=events)
    assert "".join(seen["text"]).strip() == "still there"
    assert not seen["errors"]


def test_a_wrong_token_rejects_with_the_services_code_and_a_log_id(
    node: NodeProject, chromium: str, microphone: Path
) -> None:
    refused = node.run_in_browser(chromium, "wrongToken", microphone, botId="echo")
    assert refused["code"] == 4100
    assert refused["logid"]


def test_a_page_of_another_origin_lists_the_voices(node: NodeProject, chromium: str, microphone: Path) -> None:
    voices = node.run_in_browser(chromium, "voices", microphone)
    assert all(voice["language_name"] for voice in voices)
    assert len(voices) > 3
