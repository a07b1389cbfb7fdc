"""What is in force, and what chat.updated shows of it."""

import json
import warnings
from typing import Any

import msgspec
import pytest

from kouyu.domain.configuration import Configuration
from kouyu.domain.effective import effective
from kouyu.protocol.coze.downlink import DownlinkEvent, encode
from kouyu.protocol.coze.recognition import recognition_in_force
from kouyu.protocol.coze.wire import to_wire
from tests.protocol.merging import merge_or_raise as merge

with warnings.catch_warnings(record=True):
    from cozepy.websockets.chat import ChatUpdatedEvent, ChatUpdateEvent
    from cozepy.websockets.ws import WebsocketsEventFactory

EVERYTHING: dict[str, Any] = {
    "chat_config": {
        "meta_data": {"a": "b"},
        "custom_variables": {"name": "Li"},
        "extra_params": {"latitude": "39.98"},
        "user_id": "u",
        "conversation_id": "7526821722323025972",
        "auto_save_history": False,
        "parameters": {"n": None, "m": [1]},
    },
    "input_audio": {"format": "pcm", "codec": "opus", "sample_rate": 16000},
    "output_audio": {
        "codec": "opus",
        "opus_config": {"bitrate": 16000, "frame_size_ms": 60, "limit_config": {"period": 1, "max_frame_num": 18}},
        "speech_rate": 10,
        "loudness_rate": -10,
        "voice_id": "v",
        "emotion_config": {"emotion": "happy"},
    },
    "event_subscriptions": ["chat.updated"],
    "need_play_prologue": True,
    "prologue_content": "你好",
    "turn_detection": {"type": "semantic_vad", "interrupt_config": {"mode": "keyword_prefix", "keywords": ["扣子"]}},
    "asr_config": {"hot_words": ["扣子"], "user_language": "ja-JP", "stream_mode": "output_no_stream"},
    "voice_print_config": {"group_id": "g"},
}

KNOWN_TO_THE_SDK = EVERYTHING | {
    "input_audio": {"format": "pcm", "codec": "opus", "sample_rate": 16000, "channel": 1, "bit_depth": 16},
    "turn_detection": {"type": "server_vad"},
    "asr_config": {"user_language": "en"},
}


def wire(update: dict[str, Any]) -> dict[str, Any]:
    data = json.loads(bytes(to_wire(merge(Configuration(), update))))
    assert isinstance(data, dict)
    return data


def test_language_emotion_and_gender_hold_only_without_streaming() -> None:
    asked = merge(
        Configuration(), {"asr_config": {"user_language": "ja-JP", "enable_emotion": True, "enable_gender": True}}
    )
    streaming = recognition_in_force(asked.asr_config)
    assert (streaming.user_language, streaming.enable_emotion, streaming.enable_gender) == ("common", False, False)
    whole = recognition_in_force(merge(asked, {"asr_config": {"stream_mode": "output_no_stream"}}).asr_config)
    assert (whole.user_language, whole.enable_emotion, whole.enable_gender) == ("ja-JP", True, True)


def test_g711_is_8000_hz_whatever_was_announced_and_the_number_comes_back_with_pcm() -> None:
    asked = merge(
        Configuration(),
        {
            "input_audio": {"format": "pcm", "codec": "g711a", "sample_rate": 48000},
            "output_audio": {"codec": "g711u", "pcm_config": {"sample_rate": 16000}},
        },
    )
    held = effective(asked)
    assert (held.input_audio.sample_rate, held.output_audio.pcm_config.sample_rate) == (8000, 8000)
    back = effective(merge(asked, {"input_audio": {"codec": "pcm"}, "output_audio": {"codec": "pcm"}}))
    assert (back.input_audio.sample_rate, back.output_audio.pcm_config.sample_rate) == (48000, 16000)


def test_ogg_is_opus_even_if_only_the_container_was_named() -> None:
    assert effective(merge(Configuration(), {"input_audio": {"format": "ogg"}})).input_audio.codec == "opus"


@pytest.mark.parametrize("half", [{"mode": "keyword_prefix"}, {"keywords": ["扣子"]}])
def test_interrupting_by_keyword_needs_mode_and_keywords(half: dict[str, Any]) -> None:
    asked = merge(Configuration(), {"turn_detection": {"interrupt_config": half}})
    assert effective(asked).turn_detection.interrupt_config is None


@pytest.mark.parametrize("update", [{}, EVERYTHING])
def test_what_is_in_force_is_in_force(update: dict[str, Any]) -> None:
    once = effective(merge(Configuration(), update))
    assert effective(once) == once


@pytest.mark.parametrize(
    ("codec", "block"),
    [
        ("pcm", "pcm_config"),
        ("g711a", "pcm_config"),
        ("g711u", "pcm_config"),
        ("opus", "opus_config"),
        ("mp3", "mp3_config"),
    ],
)
def test_only_the_block_of_the_codec_in_use_is_shown(codec: str, block: str) -> None:
    shown = wire({"output_audio": {"codec": codec}})["output_audio"]
    assert {name for name in shown if name.endswith("_config")} == {block}


def test_the_defaults_are_shown_in_full_and_without_null() -> None:
    assert wire({}) == {
        "chat_config": {
            "meta_data": {},
            "custom_variables": {},
            "extra_params": {},
            "auto_save_history": True,
            "parameters": {},
        },
        "input_audio": {"format": "wav", "codec": "pcm", "sample_rate": 24000, "channel": 1, "bit_depth": 16},
        "output_audio": {
            "codec": "pcm",
            "pcm_config": {"sample_rate": 24000},
            "speech_rate": 0,
            "loudness_rate": 0,
            "context_texts": "",
        },
        "voice_processing_config": {"enable_ans": False, "enable_pdns": False},
        "event_subscriptions": [],
        "need_play_prologue": False,
        "turn_detection": {
            "type": "client_interrupt",
            "prefix_padding_ms": 600,
            "silence_duration_ms": 500,
            "semantic_vad_config": {"silence_threshold_ms": 300, "semantic_unfinished_wait_time_ms": 500},
        },
        "asr_config": {
            "hot_words": [],
            "context": "",
            "user_language": "common",
            "enable_ddc": True,
            "enable_itn": True,
            "enable_punc": True,
            "stream_mode": "bidirectional_stream",
            "enable_nostream": False,
            "enable_emotion": False,
            "enable_gender": False,
            "sensitive_words_filter": {
                "system_reserved_filter": False,
                "filter_with_empty": [],
                "filter_with_signed": [],
            },
        },
        "voice_print_config": {"score": 40, "reuse_voice_info": False},
    }


def test_what_was_asked_for_is_shown_as_given() -> None:
    shown = wire(EVERYTHING)

    def is_within(part: object, whole: object) -> bool:
        if isinstance(part, dict) and isinstance(whole, dict):
            return all(key in whole and is_within(value, whole[key]) for key, value in part.items())
        return part == whole

    assert is_within(EVERYTHING, shown)


@pytest.mark.parametrize("update", [{}, KNOWN_TO_THE_SDK, {"output_audio": {"codec": "mp3"}}])
def test_the_python_sdk_loads_it(update: dict[str, Any]) -> None:
    asked = merge(Configuration(), update)
    text = encode(DownlinkEvent("chat.updated", to_wire(asked)), event_id="e", log_id="l", unix_ms=1)
    factory = WebsocketsEventFactory({"chat.updated": ChatUpdatedEvent})
    event = factory.create_event("/v1/chat", json.loads(text))
    assert isinstance(event, ChatUpdatedEvent)
    held = effective(asked)
    assert event.data.input_audio is not None
    assert event.data.input_audio.model_dump() == msgspec.to_builtins(held.input_audio)
    assert event.data.output_audio is not None
    assert event.data.output_audio.codec == held.output_audio.codec
    assert event.data.turn_detection is not None
    assert event.data.turn_detection.type is not None
    assert event.data.turn_detection.type.value == held.turn_detection.type


def test_what_the_python_sdk_sends_is_taken() -> None:
    data = ChatUpdateEvent.Data.model_validate(KNOWN_TO_THE_SDK)
    sent = data.model_dump(mode="json", exclude_none=True)
    assert merge(Configuration(), sent).output_audio.opus_config.frame_size_ms == 60.0
