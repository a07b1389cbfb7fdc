"""What each field of the configuration may hold."""

from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.domain.configuration import Configuration, UserLanguage
from kouyu.domain.errors import META_DATA_OVER_LIMIT, InvalidField
from tests.protocol.merging import merge_or_raise as merge
from tests.protocol.merging import update_of, value_at

PCM_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
PCM_RATES_IN_WORDS = "8000, 16000, 22050, 24000, 32000, 44100, 48000"
WORDS = "at most 5 texts, each 6 to 24 bytes of UTF-8, without punctuation"


GOOD: list[tuple[str, list[Any]]] = [
    ("chat_config.meta_data", [{"a": "b"}, {"k" * 64: "v" * 512}, {f"key{n}": "v" for n in range(16)}]),
    ("chat_config.custom_variables", [{"user_name1": "Li", "City": "成都"}, {"_": "", "2": "x"}]),
    ("chat_config.extra_params", [{"latitude": "39.9800718", "longitude": "116.309314"}, {"latitude": "-90"}]),
    ("chat_config.user_id", ["u1"]),
    ("chat_config.conversation_id", ["7526821722323025972"]),
    ("chat_config.auto_save_history", [False, True]),
    ("chat_config.parameters", [{"n": 1, "list": [None, {"deep": [1.5]}]}]),
    ("input_audio.format", ["pcm", "wav", "ogg"]),
    ("input_audio.sample_rate", list(PCM_RATES)),
    ("input_audio.channel", [1, 2]),
    ("input_audio.bit_depth", [8, 16, 24]),
    ("output_audio.codec", ["pcm", "g711a", "g711u", "opus", "mp3"]),
    ("output_audio.pcm_config.sample_rate", list(PCM_RATES)),
    ("output_audio.pcm_config.frame_size_ms", [0.5, 20, 62.5, 1000]),
    ("output_audio.opus_config.sample_rate", [8000, 12000, 16000, 24000, 48000]),
    ("output_audio.opus_config.bitrate", [6000, 16000, 510000]),
    ("output_audio.opus_config.use_cbr", [True, False]),
    ("output_audio.opus_config.frame_size_ms", [2.5, 5, 10, 20, 40, 60]),
    ("output_audio.mp3_config.sample_rate", [32000, 44100, 48000]),
    ("output_audio.mp3_config.bit_rate", [8000, 128000, 1600000]),
    ("output_audio.speech_rate", [-50, 0, 100]),
    ("output_audio.loudness_rate", [-50, 0, 100]),
    ("output_audio.voice_id", ["7426720361753968677"]),
    ("output_audio.context_texts", ["gently, in Cantonese"]),
    (
        "output_audio.emotion_config.emotion",
        ["happy", "sad", "angry", "surprised", "fear", "hate", "excited", "coldness", "neutral"],
    ),
    ("output_audio.emotion_config.emotion_scale", [1, 2.5, 5.0]),
    ("voice_processing_config.enable_ans", [True, False]),
    ("voice_processing_config.enable_pdns", [True, False]),
    ("voice_processing_config.voice_print_feature_id", ["f1"]),
    ("need_play_prologue", [True, False]),
    ("prologue_content", ["你好"]),
    ("turn_detection.type", ["client_interrupt", "server_vad", "semantic_vad"]),
    ("turn_detection.prefix_padding_ms", [0, 600, 10000]),
    ("turn_detection.silence_duration_ms", [0, 500, 10000]),
    ("turn_detection.semantic_vad_config.silence_threshold_ms", [0, 300, 10000]),
    ("turn_detection.semantic_vad_config.semantic_unfinished_wait_time_ms", [100, 500, 2000]),
    ("turn_detection.interrupt_config.mode", ["keyword_contains", "keyword_prefix", "all"]),
    ("asr_config.context", ["about trains"]),
    (
        "asr_config.user_language",
        list(get_args(UserLanguage)),
    ),
    ("asr_config.enable_ddc", [True, False]),
    ("asr_config.enable_itn", [True, False]),
    ("asr_config.enable_punc", [True, False]),
    ("asr_config.stream_mode", ["bidirectional_stream", "output_no_stream"]),
    ("asr_config.enable_nostream", [True, False]),
    ("asr_config.enable_emotion", [True, False]),
    ("asr_config.enable_gender", [True, False]),
    ("asr_config.sensitive_words_filter.system_reserved_filter", [True, False]),
    ("voice_print_config.group_id", ["g1"]),
    ("voice_print_config.score", [0, 40, 100]),
    ("voice_print_config.reuse_voice_info", [True, False]),
]
GOOD_LISTS: list[tuple[str, list[list[str]]]] = [
    ("event_subscriptions", [["conversation.audio.delta", "of.some.newer.version"]]),
    (
        "turn_detection.interrupt_config.keywords",
        [["扣子"], ["stop it", "小爱同学", "停一下", "一二三四五六七八", "abcdef"]],
    ),
    ("asr_config.hot_words", [["扣子", "kouyu"]]),
    ("asr_config.sensitive_words_filter.filter_with_empty", [["x", "y"]]),
    ("asr_config.sensitive_words_filter.filter_with_signed", [["x", "y"]]),
]


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in GOOD for value in values])
def test_a_value_in_range_is_taken(path: str, value: object) -> None:
    assert value_at(merge(Configuration(), update_of(path, value)), path) == value


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in GOOD_LISTS for value in values])
def test_a_list_in_range_is_taken(path: str, value: list[str]) -> None:
    assert value_at(merge(Configuration(), update_of(path, value)), path) == tuple(value)


def test_the_tables_above_name_every_field_of_the_configuration() -> None:
    def leaves(value: Any, prefix: str) -> set[str]:
        if not hasattr(value, "__struct_fields__"):
            return {prefix}
        names = value.__struct_fields__
        return {leaf for name in names for leaf in leaves(getattr(value, name), f"{prefix}.{name}".lstrip("."))}

    tested = {path for path, _ in [*GOOD, *GOOD_LISTS]} | {"input_audio.codec"}  # codec: with its formats, below
    optional_objects = {"emotion_config", "interrupt_config", "limit_config"}
    untested = {leaf for leaf in leaves(Configuration(), "") - tested if leaf.rsplit(".")[-1] not in optional_objects}
    assert untested == set()


BAD: list[tuple[str, list[Any], str]] = [
    ("chat_config", [1, "x", [1]], "an object"),
    ("chat_config.meta_data", ["x", [1], 5], "an object with text values"),
    ("chat_config.meta_data.a", [["x"], {}], "a text of 1 to 512 characters"),
    ("chat_config.custom_variables", ["x", True], "an object with text values"),
    ("chat_config.custom_variables.a", [[1], {}], "a text of 1 to 16384 characters"),
    ("chat_config.extra_params", ["x"], "an object with the keys latitude and longitude"),
    (
        "chat_config.extra_params.latitude",
        ["90.1", "north", "1e1", "nan", "٣", 90.1, True],
        "a number from -90 to 90",
    ),
    ("chat_config.extra_params.longitude", ["-180.5", "1_0"], "a number from -180 to 180"),
    ("chat_config.user_id", [1, True, {}], "a text of at most 512 characters"),
    ("chat_config.conversation_id", [7526821722323025972], "a text of at most 512 characters"),
    ("chat_config.auto_save_history", ["true", 1, 0], "true, false"),
    ("chat_config.parameters", ["x", [1]], "an object"),
    ("input_audio.format", ["mp3", "WAV", 1], "pcm, wav, ogg"),
    ("input_audio.codec", ["aac", {}], "pcm, opus, g711a, g711u"),
    ("input_audio.sample_rate", [7000, 0, -8000, "24000", True, 24000.5, [24000], 10**30], PCM_RATES_IN_WORDS),
    ("input_audio.channel", [0, 3, True], "1, 2"),
    ("input_audio.bit_depth", [32, 12], "8, 16, 24"),
    ("output_audio.codec", ["wav"], "pcm, g711a, g711u, opus, mp3"),
    ("output_audio.pcm_config", ["x"], "an object"),
    ("output_audio.pcm_config.sample_rate", [12000], PCM_RATES_IN_WORDS),
    ("output_audio.pcm_config.frame_size_ms", [-1, 1000.1, "20"], "a number from 0 to 1000 ms"),
    ("output_audio.opus_config.sample_rate", [44100], "8000, 12000, 16000, 24000, 48000"),
    ("output_audio.opus_config.bitrate", [5999, 510001, 48000.5], "a whole number from 6000 to 510000 bit/s"),
    ("output_audio.opus_config.use_cbr", [1], "true, false"),
    ("output_audio.opus_config.frame_size_ms", [0, 30, 2.4], "2.5, 5, 10, 20, 40, 60"),
    ("output_audio.opus_config.limit_config.period", [0, -1, 1.5], "a whole number from 1 to 3600 seconds"),
    ("output_audio.opus_config.limit_config.max_frame_num", [0], "a whole number from 1 to 1000000 packets"),
    ("output_audio.mp3_config.sample_rate", [24000], "32000, 44100, 48000"),
    ("output_audio.mp3_config.bit_rate", [7999, 1600001], "a whole number from 8000 to 1600000 bit/s"),
    ("output_audio.speech_rate", [-51, 101, 0.5], "a whole number from -50 to 100"),
    ("output_audio.loudness_rate", [-51, 101], "a whole number from -50 to 100"),
    ("output_audio.voice_id", [7426720361753968677], "a text of at most 512 characters"),
    ("output_audio.context_texts", [["gently"]], "a text of at most 2048 characters"),
    (
        "output_audio.emotion_config.emotion",
        ["bored", 1],
        "happy, sad, angry, surprised, fear, hate, excited, coldness, neutral",
    ),
    ("output_audio.emotion_config.emotion_scale", [0.9, 5.1, "4", float("nan")], "a number from 1 to 5"),
    ("voice_processing_config.enable_ans", ["yes"], "true, false"),
    ("voice_processing_config.voice_print_feature_id", [1], "a text of at most 512 characters"),
    ("event_subscriptions", ["error", {"a": 1}], "an array of at most 128 texts, each of at most 128 characters"),
    ("need_play_prologue", ["true"], "true, false"),
    ("prologue_content", [1], "a text of at most 4096 characters"),
    ("turn_detection", ["server_vad"], "an object"),
    ("turn_detection.type", ["client_vad"], "client_interrupt, server_vad, semantic_vad"),
    ("turn_detection.prefix_padding_ms", [-1, 10001], "a whole number from 0 to 10000 ms"),
    ("turn_detection.silence_duration_ms", [-1, 10001], "a whole number from 0 to 10000 ms"),
    ("turn_detection.semantic_vad_config.silence_threshold_ms", [-1], "a whole number from 0 to 10000 ms"),
    (
        "turn_detection.semantic_vad_config.semantic_unfinished_wait_time_ms",
        [99, 2001],
        "a whole number from 100 to 2000 ms",
    ),
    ("turn_detection.interrupt_config.mode", ["keyword"], "keyword_contains, keyword_prefix, all"),
    ("turn_detection.interrupt_config.keywords", ["扣子", ["扣子"] * 6], WORDS),
    ("asr_config.hot_words", ["扣子"], "an array of at most 20000 texts, each of at most 256 characters"),
    ("asr_config.context", [1], "a text of at most 16384 characters"),
    ("asr_config.user_language", ["nl-NL", "xx", "-", 1], ", ".join(get_args(UserLanguage))),
    ("asr_config.enable_ddc", [0], "true, false"),
    ("asr_config.stream_mode", ["stream"], "bidirectional_stream, output_no_stream"),
    ("voice_print_config.score", [-1, 101, "40"], "a whole number from 0 to 100"),
    ("voice_print_config.group_id", [5], "a text of at most 512 characters"),
]


@pytest.mark.parametrize(
    ("path", "value", "allowed"), [(path, bad, allowed) for path, all_bad, allowed in BAD for bad in all_bad]
)
def test_a_bad_value_is_refused_with_its_path_and_what_is_allowed(path: str, value: object, allowed: str) -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), update_of(path, value))
    assert caught.value.field == f"data.{path}"
    assert caught.value.allowed == allowed
    assert caught.value.code == 4000


def test_the_message_names_field_value_and_range() -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"input_audio": {"sample_rate": 7000}})
    assert caught.value.msg == f"data.input_audio.sample_rate: 7000 is not allowed; allowed: {PCM_RATES_IN_WORDS}"


def test_a_very_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"input_audio": {"format": "x" * 1_000_000}})
    assert len(caught.value.msg) < 300


def test_whole_floats_are_whole_numbers_and_stay_ints() -> None:
    rate = merge(Configuration(), {"input_audio": {"sample_rate": 16000.0}}).input_audio.sample_rate
    score = merge(Configuration(), {"voice_print_config": {"score": 50.0}}).voice_print_config.score
    assert (type(rate), type(score)) == (int, int)


def test_frame_sizes_are_floats_however_written() -> None:
    output = merge(
        Configuration(), {"output_audio": {"pcm_config": {"frame_size_ms": 20}, "opus_config": {"frame_size_ms": 60}}}
    ).output_audio
    assert (type(output.pcm_config.frame_size_ms), type(output.opus_config.frame_size_ms)) == (float, float)


def test_extra_params_take_other_keys_and_leave_out_empty_ones() -> None:
    given = {"latitude": "", "longitude": "+116.3", "altitude": 3, "city": "成都"}
    merged = merge(Configuration(), {"chat_config": {"extra_params": given}})
    assert merged.chat_config.extra_params == {"longitude": "+116.3", "altitude": "3", "city": "成都"}


@pytest.mark.parametrize("field", ["meta_data", "custom_variables", "extra_params"])
def test_numbers_and_booleans_in_maps_of_texts_become_texts(field: str) -> None:
    given = {"latitude": 39.98, "whole": 20, "flag": True, "text": "x", "nothing": None}
    merged = merge(Configuration(), {"chat_config": {field: given}})
    texts = {"latitude": "39.98", "whole": "20", "flag": "true", "text": "x"}
    assert getattr(merged.chat_config, field) == texts


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("zh-CN", "zh"),
        ("zh_TW", "zh"),
        ("en-GB", "en"),
        ("EN-us", "en-US"),
        ("pt-PT", "pt"),
        ("de", "de-DE"),
        ("ar-EG", "ar-SA"),
        ("fil", "fil-PH"),
        ("COMMON", "common"),
    ],
)
def test_a_language_of_another_region_is_the_language(sent: str, meant: str) -> None:
    merged = merge(Configuration(), {"asr_config": {"user_language": sent}})
    assert merged.asr_config.user_language == meant


def test_empty_texts_in_lists_are_left_out() -> None:
    merged = merge(Configuration(), {"asr_config": {"hot_words": ["", "x"]}, "event_subscriptions": [""]})
    assert merged.asr_config.hot_words == ("x",)
    assert merged.event_subscriptions == ()


def test_a_list_item_of_the_wrong_type_is_named_by_its_place() -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"asr_config": {"hot_words": ["x", 5]}})
    assert caught.value.field == "data.asr_config.hot_words[1]"


def test_parameters_nested_without_end_are_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(500):
        nested = {"deeper": nested}
    with pytest.raises(InvalidField, match="nested at most 32 deep"):
        merge(Configuration(), {"chat_config": {"parameters": nested}})


@pytest.mark.parametrize(
    "meta_data",
    [{f"key{n}": "v" for n in range(17)}, {"": "v"}, {"k" * 65: "v"}, {"k": ""}, {"k": "v" * 513}],
)
def test_meta_data_over_its_limits_has_its_own_code(meta_data: dict[str, str]) -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"chat_config": {"meta_data": meta_data}})
    assert caught.value.code == META_DATA_OVER_LIMIT
    assert caught.value.field.startswith("data.chat_config.meta_data")


@pytest.mark.parametrize("name", ["user-name", "名", "a b"])
def test_variables_are_named_with_letters_digits_and_underscores_only(name: str) -> None:
    with pytest.raises(InvalidField, match="letters, digits and underscores"):
        merge(Configuration(), {"chat_config": {"custom_variables": {name: "x"}}})


@pytest.mark.parametrize(
    "keyword", ["扣", "abcde", "一二三四五六七八九", "停下！", "stop, it", "停～～停", "      ", "", 5, None]
)
def test_a_keyword_has_6_to_24_bytes_and_no_punctuation(keyword: object) -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"turn_detection": {"interrupt_config": {"keywords": ["扣子", keyword]}}})
    assert caught.value.field == "data.turn_detection.interrupt_config.keywords[1]"
    assert caught.value.allowed == WORDS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
field_paths = st.sampled_from([path for path, *_ in [*GOOD, *BAD]])


@settings(deadline=None)
@given(path=field_paths, value=json_values)
def test_whatever_a_field_holds_the_only_complaint_is_invalid_field(path: str, value: Any) -> None:
    with suppress(InvalidField):
        merge(Configuration(), update_of(path, value))
