"""Which unknown fields of an update are taken for misspelt ones."""

from typing import Any

import pytest

from kouyu.domain.configuration import Configuration
from kouyu.protocol.coze.misspelt import misspelt_fields


@pytest.mark.parametrize(
    ("update", "unknown", "meant"),
    [
        ({"input_audio": {"samplerate": 1}}, "input_audio.samplerate", "input_audio.sample_rate"),
        ({"inputAudio": {}}, "inputAudio", "input_audio"),
        (
            {"turn_detection": {"semantic_vad_config": {"silence_threshold": 1}}},
            "turn_detection.semantic_vad_config.silence_threshold",
            "turn_detection.semantic_vad_config.silence_threshold_ms",
        ),
        ({"voice_id": "joe"}, "voice_id", "output_audio.voice_id"),
        ({"turn_detection": {"hot_words": []}}, "turn_detection.hot_words", "asr_config.hot_words"),
    ],
)
def test_a_similar_name_or_another_place_is_named(update: dict[str, Any], unknown: str, meant: str) -> None:
    assert misspelt_fields(Configuration, update) == [
        f"data.{unknown} is not known and has no effect; data.{meant} may be meant"
    ]


def test_known_fields_and_those_of_newer_sdks_are_passed_over() -> None:
    update = {"newer_sdk": {"x": 1}, "asr_config": {"context_type": "dialog", "hot_words": []}, "input_audio": 5}
    assert misspelt_fields(Configuration, update) == []


def test_the_values_of_maps_are_the_clients_own() -> None:
    update = {"chat_config": {"meta_data": {"voiceid": "x"}, "parameters": {"format": {"codecs": 1}}}}
    assert misspelt_fields(Configuration, update) == []


def test_of_many_unknown_fields_the_first_are_reported() -> None:
    assert len(misspelt_fields(Configuration, {f"asr_config{n}": 1 for n in range(1000)} | {"x" * 10_000: 1})) == 10
