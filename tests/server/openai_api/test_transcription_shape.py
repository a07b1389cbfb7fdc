"""Transcripts as OpenAI's clients read them."""

import msgspec
import pytest

from kouyu.audio_sessions.recording import HeardSegment
from kouyu.domain.errors import ProtocolError
from kouyu.server.openai_api.transcription_shape import TranscriptionForm, asked_of, delta_of, done_of, shown

SEGMENTS = (
    HeardSegment(start_s=0.5, end_s=1.25, text="What color is the sky?", language="en"),
    HeardSegment(start_s=3671.0, end_s=3673.9996, text="Blue.", language="en"),
)
USAGE = {"type": "duration", "seconds": 4.5}


def test_json_has_the_text_and_what_was_heard() -> None:
    told = msgspec.to_builtins(shown(SEGMENTS, 4.5, "json"))
    assert told == {"text": "What color is the sky? Blue.", "usage": USAGE}


def test_text_is_the_bare_text() -> None:
    assert shown(SEGMENTS, 4.5, "text") == "What color is the sky? Blue.\n"
    assert shown((), 4.5, "text") == "\n"


def test_subtitles_have_the_times_of_the_segments() -> None:
    assert shown(SEGMENTS, 4.5, "srt") == (
        "1\n00:00:00,500 --> 00:00:01,250\nWhat color is the sky?\n\n2\n01:01:11,000 --> 01:01:14,000\nBlue.\n\n"
    )
    assert shown(SEGMENTS, 4.5, "vtt") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nWhat color is the sky?\n\n01:01:11.000 --> 01:01:14.000\nBlue.\n\n"
    )
    assert (shown((), 4.5, "srt"), shown((), 4.5, "vtt")) == ("", "WEBVTT\n\n")


def test_verbose_json_has_the_language_by_its_name_and_the_segments() -> None:
    told = msgspec.to_builtins(shown(SEGMENTS, 4.5, "verbose_json"))
    assert told == {
        "task": "transcribe",
        "language": "english",
        "duration": 4.5,
        "text": "What color is the sky? Blue.",
        "segments": [
            {"id": 0, "start": 0.5, "end": 1.25, "text": "What color is the sky?"},
            {"id": 1, "start": 3671.0, "end": 3674.0, "text": "Blue."},
        ],
        "usage": USAGE,
    }
    assert msgspec.to_builtins(shown((), 4.5, "verbose_json"))["language"] == ""
    rare = msgspec.structs.replace(SEGMENTS[0], language="sw")
    assert msgspec.to_builtins(shown((rare,), 4.5, "verbose_json"))["language"] == "sw"


def test_the_deltas_joined_are_the_text() -> None:
    first, second = delta_of("", SEGMENTS[0]), delta_of(SEGMENTS[0].text, SEGMENTS[1])
    assert first["delta"] + second["delta"] == done_of("What color is the sky? Blue.", 4.5)["text"]
    chinese = HeardSegment(start_s=0, end_s=1, text="天空", language="zh")
    assert delta_of("天空", chinese)["delta"] == "天空"


def test_language_and_prompt_reach_the_recogniser() -> None:
    asked = asked_of(TranscriptionForm(language="zh-CN", prompt="Kouyu, Coze"), (), ())
    assert (asked.how.options.language, asked.how.options.context) == ("zh", "Kouyu, Coze")
    assert asked_of(TranscriptionForm(), ("segment",) * 0, ()).how.options.language is None


@pytest.mark.parametrize(
    ("form", "granularities", "include", "named"),
    [
        (TranscriptionForm(response_format="verbose_json"), ("word",), (), ["timestamp_granularities[]", "segment"]),
        (TranscriptionForm(response_format="verbose_json"), ("letter",), (), ["timestamp_granularities[]", "letter"]),
        (TranscriptionForm(), ("segment",), (), ["response_format", "verbose_json"]),
        (TranscriptionForm(), (), ("logprobs",), ["include[]"]),
        (TranscriptionForm(response_format="srt", stream=True), (), (), ["stream", "json or text"]),
        (TranscriptionForm(language="English!"), (), (), ["language", "English!", "ISO 639-1"]),
    ],
)
def test_what_the_recogniser_cannot_do_is_refused_by_name(
    form: TranscriptionForm, granularities: tuple[str, ...], include: tuple[str, ...], named: list[str]
) -> None:
    with pytest.raises(ProtocolError) as told:
        asked_of(form, granularities, include)
    assert all(name in told.value.msg for name in named), told.value.msg
