"""Which fields of a configuration go together."""

import itertools

import pytest

from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField
from tests.protocol.merging import merge_or_raise as merge

TOGETHER = {
    ("pcm", "pcm"),
    ("pcm", "opus"),
    ("pcm", "g711a"),
    ("pcm", "g711u"),
    ("wav", "pcm"),
    ("ogg", "opus"),
    ("ogg", "pcm"),
}
ALL = set(itertools.product(("pcm", "wav", "ogg"), ("pcm", "opus", "g711a", "g711u")))


@pytest.mark.parametrize(("form", "codec"), sorted(TOGETHER))
def test_these_formats_and_codecs_go_together(form: str, codec: str) -> None:
    audio = merge(Configuration(), {"input_audio": {"format": form, "codec": codec}}).input_audio
    assert (audio.format, audio.codec) == (form, codec)


@pytest.mark.parametrize(("form", "codec"), sorted(ALL - TOGETHER))
def test_the_others_do_not_and_the_error_names_the_combination(form: str, codec: str) -> None:
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"input_audio": {"format": form, "codec": codec}})
    assert caught.value.field == "data.input_audio.format"
    assert caught.value.value == form
    assert caught.value.allowed.endswith(f"with codec {codec}")


def test_format_and_codec_may_come_in_two_updates_if_each_step_is_sound() -> None:
    raw = merge(Configuration(), {"input_audio": {"format": "pcm"}})
    assert merge(raw, {"input_audio": {"codec": "g711a"}}).input_audio.codec == "g711a"


def test_g711_takes_any_announced_rate() -> None:
    merge(Configuration(), {"input_audio": {"format": "pcm", "codec": "g711u", "sample_rate": 48000}})


def test_pacing_of_pcm_needs_a_frame_size() -> None:
    limit = {"period": 1, "max_frame_num": 50}
    with pytest.raises(InvalidField) as caught:
        merge(Configuration(), {"output_audio": {"pcm_config": {"limit_config": limit}}})
    assert caught.value.field == "data.output_audio.pcm_config.frame_size_ms"
    paced = merge(Configuration(), {"output_audio": {"pcm_config": {"limit_config": limit, "frame_size_ms": 20}}})
    with pytest.raises(InvalidField):
        merge(paced, {"output_audio": {"pcm_config": {"frame_size_ms": 0}}})


def test_the_two_noise_filters_exclude_each_other_across_updates() -> None:
    suppressing = merge(Configuration(), {"voice_processing_config": {"enable_ans": True}})
    with pytest.raises(InvalidField, match="exclude each other"):
        merge(suppressing, {"voice_processing_config": {"enable_pdns": True}})
    swapped = merge(suppressing, {"voice_processing_config": {"enable_ans": False, "enable_pdns": True}})
    assert swapped.voice_processing_config.enable_pdns
