"""What the update events of the audio endpoints set."""

import json
from typing import Any

import pytest

from kouyu.domain.errors import InvalidField
from kouyu.protocol.coze.audio_endpoint_configuration import (
    InterpretationConfiguration,
    SpeechConfiguration,
    Term,
    TranscriptionConfiguration,
    audio_to_wire,
)
from kouyu.protocol.coze.audio_endpoint_configuration import merge_audio as merge_audio_update


def merge_audio(current: Any, update: dict[str, Any]) -> Any:
    """The next configuration. Raises the first InvalidField, where there is one."""
    merged = merge_audio_update(current, update)
    for fault in merged.faults:
        raise fault
    return merged.configuration


def test_a_bad_field_leaves_its_object_as_it_was_and_the_others_hold() -> None:
    merged = merge_audio_update(
        InterpretationConfiguration(),
        {"input_audio": {"format": "pcm"}, "translate_config": {"from": "zh", "to": "zh"}, "output_audio": 5},
    )
    assert merged.configuration.input_audio.format == "pcm"
    assert merged.configuration.translate_config.source == "auto"
    assert [fault.field for fault in merged.faults] == ["data.output_audio", "data.translate_config.to"]


def shown(configuration: Any) -> Any:
    return json.loads(bytes(audio_to_wire(configuration)))


def test_what_is_not_sent_keeps_its_default_and_is_shown_all_the_same() -> None:
    updated = merge_audio(TranscriptionConfiguration(), {"input_audio": {"format": "pcm", "sample_rate": 48000}})
    assert shown(updated)["input_audio"] == {
        "format": "pcm",
        "codec": "pcm",
        "sample_rate": 48000,
        "channel": 1,
        "bit_depth": 16,
    }


def test_a_transcription_tells_words_alone() -> None:
    asked = {"stream_mode": "output_no_stream", "user_language": "ja-JP", "enable_emotion": True, "enable_gender": True}
    asr_config = shown(merge_audio(TranscriptionConfiguration(), {"asr_config": asked}))["asr_config"]
    assert (asr_config["enable_emotion"], asr_config["enable_gender"]) == (False, False)
    assert asr_config["user_language"] == "ja-JP"


def test_only_the_block_of_the_codec_in_use_is_shown() -> None:
    updated = merge_audio(SpeechConfiguration(), {"output_audio": {"codec": "g711a", "voice_id": "a"}})
    output = shown(updated)["output_audio"]
    assert output["codec"] == "g711a"
    assert output["pcm_config"] == {"sample_rate": 8000}
    assert not {"opus_config", "mp3_config"} & set(output)


def test_both_languages_are_shown_though_none_was_named() -> None:
    assert shown(InterpretationConfiguration())["translate_config"] == {
        "from": "auto",
        "to": "auto",
        "hot_words": [],
        "glossary": [],
    }


def test_a_glossary_is_replaced_whole_and_can_be_taken_back() -> None:
    term = {"original": "口语", "translation": "Kouyu"}
    first = merge_audio(InterpretationConfiguration(), {"translate_config": {"glossary": [term], "from": "zh"}})
    assert first.translate_config.glossary == (Term("口语", "Kouyu"),)
    assert shown(first)["translate_config"]["glossary"] == [term]
    second = merge_audio(first, {"translate_config": {"glossary": []}})
    assert second.translate_config.glossary == ()
    assert second.translate_config.source == "zh"


@pytest.mark.parametrize(
    ("translate", "field"),
    [
        ({"from": "fr"}, "data.translate_config.from"),
        ({"from": "zh", "to": "zh"}, "data.translate_config.to"),
        ({"glossary": {}, "to": 1}, "data.translate_config.to"),
        ({"glossary": [{"original": "a"}]}, "data.translate_config.glossary[0].translation"),
        ({"glossary": ["a"]}, "data.translate_config.glossary[0]"),
        ({"glossary": [{"original": "a", "translation": "b"}] * 101}, "data.translate_config.glossary"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(translate: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        merge_audio(InterpretationConfiguration(), {"translate_config": translate})
    assert refused.value.field == field


def test_an_impossible_combination_is_refused_as_on_chat() -> None:
    with pytest.raises(InvalidField, match="format"):
        merge_audio(TranscriptionConfiguration(), {"input_audio": {"format": "wav", "codec": "g711a"}})
    pacing = {"limit_config": {"period": 1, "max_frame_num": 10}}
    with pytest.raises(InvalidField, match="frame_size_ms"):
        merge_audio(SpeechConfiguration(), {"output_audio": {"pcm_config": pacing}})
