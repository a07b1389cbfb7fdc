"""What a chat.update does to the configuration."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.domain.configuration import Configuration, LimitConfig
from kouyu.domain.errors import InvalidField
from kouyu.protocol.coze.merge import merge as merge_update
from tests.protocol.merging import merge_or_raise as merge
from tests.protocol.merging import update_of, value_at

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_an_object_is_taken_whole_or_not_at_all_and_every_bad_field_is_found() -> None:
    before = merge(Configuration(), {"output_audio": {"speech_rate": 10}})
    update = {
        "need_play_prologue": True,
        "event_subscriptions": "all",
        "output_audio": {"speech_rate": 20, "loudness_rate": 1000, "opus_config": {"frame_size_ms": 7}},
    }
    merged = merge_update(before, update)
    assert merged.configuration == merge(before, {"need_play_prologue": True})
    assert {fault.field for fault in merged.faults} == {
        "data.event_subscriptions",
        "data.output_audio.loudness_rate",
        "data.output_audio.opus_config.frame_size_ms",
    }
    assert before == merge(Configuration(), {"output_audio": {"speech_rate": 10}})


def test_what_is_refused_later_is_as_it_was_too() -> None:
    merged = merge_update(Configuration(), {"asr_config": {"context": "x"}, "output_audio": {"codec": "opus"}})
    refused = merged.refuse(InvalidField("data.asr_config.context", "x", "something else"))
    assert refused.configuration == merge(Configuration(), {"output_audio": {"codec": "opus"}})
    assert [fault.field for fault in refused.faults] == ["data.asr_config.context"]


@settings(deadline=None)
@given(data=st.data())
def test_sound_objects_hold_whatever_stands_beside_them(data: st.DataObject) -> None:
    fields = st.sampled_from(Configuration.__struct_fields__)
    update = data.draw(st.dictionaries(fields, json_values | st.dictionaries(st.text(max_size=8), json_values)))
    merged = merge_update(Configuration(), update)
    refused = {fault.object_name for fault in merged.faults}
    alone = {name: merge_update(Configuration(), {name: value}) for name, value in update.items()}
    assert {name for name, one in alone.items() if one.faults} == refused
    for name, one in alone.items():
        assert getattr(merged.configuration, name) == getattr(one.configuration, name)


def test_objects_are_merged_key_by_key() -> None:
    first = merge(Configuration(), {"input_audio": {"format": "pcm", "sample_rate": 16000}})
    second = merge(first, {"input_audio": {"channel": 2}, "turn_detection": {"type": "server_vad"}})
    assert (second.input_audio.format, second.input_audio.sample_rate, second.input_audio.channel) == ("pcm", 16000, 2)
    assert second.turn_detection.silence_duration_ms == 500


def test_maps_and_lists_are_replaced_whole() -> None:
    first = merge(Configuration(), {"chat_config": {"meta_data": {"a": "1"}}, "asr_config": {"hot_words": ["x"]}})
    second = merge(first, {"chat_config": {"meta_data": {"b": "2"}}, "asr_config": {"hot_words": ["y"]}})
    assert second.chat_config.meta_data == {"b": "2"}
    assert second.asr_config.hot_words == ("y",)


def test_unknown_fields_are_ignored() -> None:
    assert merge(Configuration(), {"asr_config": {"context_type": "dialog"}, "translate_config": 5}) == Configuration()


@pytest.mark.parametrize("update", [{}, {"input_audio": None}, {"input_audio": {}}, {"input_audio": {"format": None}}])
def test_null_and_missing_keep_what_was_set(update: dict[str, Any]) -> None:
    before = merge(Configuration(), {"input_audio": {"format": "pcm", "sample_rate": 16000}})
    assert merge(before, update) == before


@pytest.mark.parametrize(
    ("path", "value", "empty", "cleared"),
    [
        ("chat_config.meta_data", {"a": "b"}, {}, {}),
        ("chat_config.custom_variables", {"a": "b"}, {}, {}),
        ("chat_config.extra_params", {"latitude": "1"}, {}, {}),
        ("chat_config.parameters", {"a": 1}, {}, {}),
        ("output_audio.voice_id", "v", "", None),
        ("output_audio.context_texts", "soft", "", ""),
        ("output_audio.emotion_config", {"emotion": "sad"}, {}, None),
        ("output_audio.opus_config.limit_config", {"period": 1, "max_frame_num": 60}, {}, None),
        ("output_audio.pcm_config.frame_size_ms", 20, 0, None),
        ("voice_processing_config.voice_print_feature_id", "f", "", None),
        ("event_subscriptions", ["chat.updated"], [], ()),
        ("prologue_content", "hello", "", None),
        ("turn_detection.interrupt_config", {"mode": "keyword_prefix", "keywords": ["扣子"]}, {}, None),
        ("turn_detection.interrupt_config.keywords", ["扣子"], [], ()),
        ("asr_config.hot_words", ["x"], [], ()),
        ("asr_config.context", "x", "", ""),
        ("voice_print_config.group_id", "g", "", None),
    ],
)
def test_an_empty_value_takes_back_what_by_default_is_nothing(
    path: str, value: object, empty: object, cleared: object
) -> None:
    before = merge(Configuration(), update_of(path, value))
    assert value_at(before, path) != cleared
    assert value_at(merge(before, update_of(path, empty)), path) == cleared


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("chat_config.user_id", "u"),
        ("chat_config.conversation_id", "c"),
        ("input_audio.format", "pcm"),
        ("input_audio.sample_rate", 8000),
        ("output_audio.codec", "opus"),
        ("turn_detection.type", "server_vad"),
        ("asr_config.enable_ddc", False),
    ],
)
def test_an_empty_text_keeps_every_other_field(path: str, value: object) -> None:
    before = merge(Configuration(), update_of(path, value))
    assert merge(before, update_of(path, "")) == before


def test_a_limit_needs_both_its_numbers() -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"output_audio": {"opus_config": {"limit_config": {"period": 1}}}})
    assert caught.value.field == "data.output_audio.opus_config.limit_config.max_frame_num"


def test_one_number_of_a_limit_may_change_later() -> None:
    first = merge(
        Configuration(), {"output_audio": {"opus_config": {"limit_config": {"period": 1, "max_frame_num": 60}}}}
    )
    second = merge(first, {"output_audio": {"opus_config": {"limit_config": {"max_frame_num": 50}}}})
    assert second.output_audio.opus_config.limit_config == LimitConfig(period=1, max_frame_num=50)


def test_an_optional_object_of_nothing_but_nulls_stays_absent() -> None:
    merged = merge(Configuration(), {"output_audio": {"opus_config": {"limit_config": {"period": None}}}})
    assert merged == Configuration()


@settings(deadline=None)
@given(update=st.dictionaries(st.sampled_from(Configuration.__struct_fields__) | st.text(), json_values))
def test_whatever_an_update_holds_the_only_complaint_is_invalid_field(update: dict[str, Any]) -> None:
    with suppress(InvalidField):
        merge(Configuration(), update)
