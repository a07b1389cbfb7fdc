"""``session.update``: every field that has an effect, what it means for the core, and how the session shows it."""

from typing import Any

import pytest
from openai.types.realtime.realtime_session_create_response import RealtimeSessionCreateResponse
from openai.types.realtime.realtime_transcription_session_create_response import (
    RealtimeTranscriptionSessionCreateResponse,
)

from kouyu.domain.configuration import AsrConfig, Configuration, InputAudio
from kouyu.domain.options import SessionOptions
from tests.protocol.openai.session import Json, Session


def settled(session: Session) -> tuple[Configuration, SessionOptions]:
    return session.configuration, session.options


def heard(**fields: Any) -> Json:
    return {"audio": {"input": fields}}


def spoken(**fields: Any) -> Json:
    return {"audio": {"output": fields}}


def test_a_session_begins_as_the_documents_say() -> None:
    session = Session()
    created = session.sent[0]["session"]
    RealtimeSessionCreateResponse.model_validate(created)
    assert created["audio"] == {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": None,
            "noise_reduction": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": None,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "joe", "speed": 1.0},
    }
    assert (created["output_modalities"], created["max_output_tokens"], created["tool_choice"]) == (
        ["audio"],
        "inf",
        "auto",
    )
    assert session.sent[1]["conversation"]["object"] == "realtime.conversation"
    configuration = session.configuration
    assert (configuration.turn_detection.type, configuration.input_audio.sample_rate) == ("server_vad", 24_000)


def test_output_modalities() -> None:
    session = Session()
    assert session.update(output_modalities=["text"])["output_modalities"] == ["text"]
    assert settled(session)[1].answers.spoken is False
    assert session.update(output_modalities=["audio"])["output_modalities"] == ["audio"]
    assert settled(session)[1].answers.spoken is True


def test_instructions() -> None:
    session = Session()
    assert session.update(instructions="Be brief.")["instructions"] == "Be brief."
    assert settled(session)[1].answers.instructions == "Be brief."
    assert session.update(instructions=None)["instructions"] == "Be brief."
    assert session.update(instructions="")["instructions"] == ""
    assert settled(session)[1].answers.instructions is None


def test_model() -> None:
    assert Session().update(model="gpt-realtime-2.1")["model"] == "gpt-realtime-2.1"


@pytest.mark.parametrize(
    ("named", "input_audio", "codec"),
    [
        ("audio/pcm", InputAudio(format="pcm", codec="pcm", sample_rate=24_000), "pcm"),
        ("audio/pcmu", InputAudio(format="pcm", codec="g711u", sample_rate=8_000), "g711u"),
        ("audio/pcma", InputAudio(format="pcm", codec="g711a", sample_rate=8_000), "g711a"),
    ],
)
def test_format(named: str, input_audio: InputAudio, codec: str) -> None:
    session = Session()
    fields = {"format": {"type": named}}
    shown = session.update(audio={"input": fields, "output": fields})["audio"]
    expected = {"type": named} | ({"rate": 24_000} if named == "audio/pcm" else {})
    assert (shown["input"]["format"], shown["output"]["format"]) == (expected, expected)
    configuration, _ = settled(session)
    assert (configuration.input_audio, configuration.output_audio.codec) == (input_audio, codec)


def test_voice() -> None:
    session = Session()
    assert session.update(**spoken(voice="alpha"))["audio"]["output"]["voice"] == "alpha"
    assert settled(session)[0].output_audio.voice_id == "alpha"
    assert session.update(**spoken(voice={"id": "own"}))["audio"]["output"]["voice"] == "own"


@pytest.mark.parametrize(("speed", "rate"), [(1, 0), (1.5, 50), (0.5, -50), (0.25, -50), (1.2, 20)])
def test_speed(speed: float, rate: int) -> None:
    session = Session()
    assert session.update(**spoken(speed=speed))["audio"]["output"]["speed"] == speed
    assert settled(session)[0].output_audio.speech_rate == rate


def test_transcription() -> None:
    session = Session()
    asked = {"model": "whisper-1", "language": "en", "prompt": "Names: Ada."}
    assert session.update(**heard(transcription=asked))["audio"]["input"]["transcription"] == asked
    recognition = settled(session)[0].asr_config
    assert (recognition.user_language, recognition.context) == ("en", "Names: Ada.")
    assert recognition.stream_mode == "bidirectional_stream", "a language costs no interim transcripts"
    assert session.update(**heard(transcription=None))["audio"]["input"]["transcription"] is None
    assert settled(session)[0].asr_config == AsrConfig()


def test_keywords() -> None:
    session = Session()
    asked = {"model": "gpt-transcribe", "keywords": ["Hibari"], "languages": ["ja"]}
    shown = session.update(**heard(transcription=asked))["audio"]["input"]["transcription"]
    assert (shown["keywords"], shown["languages"]) == (["Hibari"], ["ja"])
    recognition = settled(session)[0].asr_config
    assert (recognition.hot_words, recognition.user_language) == (("Hibari",), "ja")


def test_a_language_that_recognition_finds_by_itself_is_no_error() -> None:
    session = Session()
    assert session.update(**heard(transcription={"model": "m", "language": "it"}))
    assert settled(session)[0].asr_config.user_language == "common"


def test_noise_reduction() -> None:
    session = Session()
    shown = session.update(**heard(noise_reduction={"type": "far_field"}))["audio"]["input"]["noise_reduction"]
    assert shown == {"type": "far_field"}
    assert settled(session)[0].voice_processing_config.enable_ans
    assert session.update(**heard(noise_reduction=None))["audio"]["input"]["noise_reduction"] is None
    assert not settled(session)[0].voice_processing_config.enable_ans


def test_server_vad() -> None:
    session = Session()
    asked = {
        "type": "server_vad",
        "threshold": 0.7,
        "prefix_padding_ms": 100,
        "silence_duration_ms": 900,
        "idle_timeout_ms": 6000,
        "create_response": False,
        "interrupt_response": False,
    }
    assert session.update(**heard(turn_detection=asked))["audio"]["input"]["turn_detection"] == asked
    configuration, options = settled(session)
    detection = configuration.turn_detection
    assert (detection.type, detection.prefix_padding_ms, detection.silence_duration_ms) == ("server_vad", 100, 900)
    assert (options.answers_speech, options.speech_interrupts, options.idle_timeout_ms) == (False, False, 6000)
    assert options.speech_threshold == 0.7


@pytest.mark.parametrize(("eagerness", "wait_ms"), [("low", 2400), ("medium", 1200), ("high", 600), ("auto", 1200)])
def test_eagerness(eagerness: str, wait_ms: int) -> None:
    session = Session()
    asked = {"type": "semantic_vad", "eagerness": eagerness}
    shown = session.update(**heard(turn_detection=asked))["audio"]["input"]["turn_detection"]
    assert shown == asked | {"create_response": True, "interrupt_response": True}
    detection = settled(session)[0].turn_detection
    assert (detection.type, detection.semantic_vad_config.semantic_unfinished_wait_time_ms) == ("semantic_vad", wait_ms)


def test_an_update_of_turn_detection_replaces_it_whole() -> None:
    session = Session()
    session.update(**heard(turn_detection={"type": "server_vad", "silence_duration_ms": 900}))
    shown = session.update(**heard(turn_detection={"type": "server_vad"}))["audio"]["input"]["turn_detection"]
    assert shown["silence_duration_ms"] == 500


def test_without_turn_detection_the_client_commits() -> None:
    session = Session()
    assert session.update(**heard(turn_detection=None))["audio"]["input"]["turn_detection"] is None
    assert settled(session)[0].turn_detection.type == "client_interrupt"


def test_tools() -> None:
    session = Session()
    tool = {
        "type": "function",
        "name": "f",
        "description": "Does it.",
        "parameters": {"type": "object", "$schema": "x"},
    }
    assert session.update(tools=[tool])["tools"] == [tool]
    tools = settled(session)[1].answers.tools
    assert tools is not None
    assert (tools[0].name, tools[0].parameters) == ("f", tool["parameters"])
    assert session.update(tools=[])["tools"] == []


def test_tool_choice() -> None:
    session = Session()
    assert session.update(tool_choice="required")["tool_choice"] == "required"
    assert session.update(tool_choice={"type": "function", "name": "f"})["tool_choice"] == "required"
    assert settled(session)[1].answers.tool_choice == "f"
    assert session.update(tool_choice="auto")["tool_choice"] == "auto"


def test_max_output_tokens() -> None:
    session = Session()
    assert session.update(max_output_tokens=100)["max_output_tokens"] == 100
    assert settled(session)[1].answers.max_output_tokens == 100
    assert session.update(max_output_tokens="inf")["max_output_tokens"] == "inf"


def test_temperature() -> None:
    session = Session()
    assert session.update(temperature=0.7)["temperature"] == 0.7
    assert settled(session)[1].answers.temperature == 0.7


def test_truncation() -> None:
    ratio = {"type": "retention_ratio", "retention_ratio": 0.8}
    assert Session().update(truncation=ratio)["truncation"] == ratio
    assert Session().update(truncation="disabled")["truncation"] == "disabled"


@pytest.mark.parametrize(
    "field",
    [
        {"include": ["item.input_audio_transcription.logprobs"]},
        {"tracing": "auto"},
        {"prompt": {"id": "pmpt_1"}},
        heard(transcription={"delay": "low"}),
        {"reasoning": {"effort": "low"}, "parallel_tool_calls": True, "extensions": ["x"]},
    ],
)
def test_what_has_no_effect_is_ignored_and_not_shown_as_in_force(field: Json) -> None:
    shown = Session().update(**field)
    assert all(shown.get(name) is None for name in field if name != "audio")
    assert "delay" not in (shown["audio"]["input"]["transcription"] or {})


def test_a_session_of_type_transcription() -> None:
    session = Session()
    update = {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    (updated,) = session.send({"type": "session.update", "session": update})
    RealtimeTranscriptionSessionCreateResponse.model_validate(updated["session"])
    assert "output" not in updated["session"]["audio"]
    assert settled(session)[1].answers_speech is False


@pytest.mark.parametrize(
    ("update", "param"),
    [
        (heard(format={"type": "audio/pcm", "rate": 16_000}), "audio.input.format.rate"),
        (heard(format={"type": "audio/mp3"}), "audio.input.format.type"),
        (heard(format="pcm16"), "audio.input.format"),
        (heard(turn_detection={"silence_duration_ms": 1}), "audio.input.turn_detection.type"),
        (heard(turn_detection={"type": "server_vad", "threshold": 2}), "audio.input.turn_detection.threshold"),
        (
            heard(turn_detection={"type": "server_vad", "idle_timeout_ms": 1}),
            "audio.input.turn_detection.idle_timeout_ms",
        ),
        (heard(turn_detection={"type": "semantic_vad", "eagerness": "x"}), "audio.input.turn_detection.eagerness"),
        (heard(noise_reduction={"type": "x"}), "audio.input.noise_reduction.type"),
        (heard(transcription="whisper"), "audio.input.transcription"),
        (spoken(speed=2), "audio.output.speed"),
        (spoken(voice=7), "audio.output.voice"),
        ({"audio": 5}, "audio"),
        ({"type": "video"}, "type"),
        ({"output_modalities": ["video"]}, "output_modalities"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": "many"}, "max_output_tokens"),
        ({"tools": {"name": "f"}}, "tools"),
        ({"tools": [{"name": "f"}] * 129}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "parameters": 1}]}, "tools[0].parameters"),
        ({"tool_choice": {"type": "mcp"}}, "tool_choice.type"),
        ({"tool_choice": "never"}, "tool_choice"),
        ({"truncation": "never"}, "truncation"),
        ({"instructions": 5}, "instructions"),
    ],
)
def test_an_update_at_fault_changes_nothing_and_names_the_field(update: Json, param: str) -> None:
    session = Session()
    event = {"type": "session.update", "event_id": "e3", "session": {"instructions": "new", **update}}
    (refused,) = session.send(event)
    assert refused["error"]["type"] == "invalid_request_error"
    assert refused["error"]["param"] == f"session.{param}"
    assert param.split(".")[-1] in refused["error"]["message"]
    assert refused["error"]["event_id"] == "e3"
    assert session.update()["instructions"] == ""
