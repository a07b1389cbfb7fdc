"""What the server fills in of a configuration, and which voices it refuses."""

import pytest
from msgspec.structs import replace

from kouyu.conversation.capabilities import Capabilities
from kouyu.domain.configuration import AsrConfig, Configuration, OutputAudio
from kouyu.domain.errors import InvalidField

OFFER = Capabilities(voice_ids=("joe", "alpha"), default_voice_id="joe", prologue="Hello.")
STRICT = replace(OFFER, unknown_voice_is_error=True)


def wanting(voice_id: str | None) -> Configuration:
    return Configuration(output_audio=OutputAudio(voice_id=voice_id))


def test_a_voice_that_is_there_is_used() -> None:
    assert STRICT.in_force(wanting("alpha"), "1").output_audio.voice_id == "alpha"


def test_without_a_wish_the_default_voice_speaks() -> None:
    assert STRICT.in_force(wanting(None), "1").output_audio.voice_id == "joe"


def test_an_unknown_voice_falls_back_to_the_default_one() -> None:
    assert OFFER.in_force(wanting("nobody"), "1").output_audio.voice_id == "joe"


def test_an_unknown_voice_may_be_an_error_that_names_the_ones_there_are() -> None:
    with pytest.raises(InvalidField, match=r"data.output_audio.voice_id.*nobody.*joe, alpha"):
        STRICT.in_force(wanting("nobody"), "1")


def test_a_server_without_voices_still_takes_connections() -> None:
    silent = Capabilities(voice_ids=(), default_voice_id="joe", unknown_voice_is_error=True)
    assert silent.in_force(wanting(None), "1").output_audio.voice_id == "joe"


def test_the_conversation_and_the_opening_line_are_filled_in() -> None:
    assert OFFER.in_force(Configuration(), "17").chat_config.conversation_id == "17"
    assert OFFER.in_force(Configuration(), "1").prologue_content == "Hello."
    assert OFFER.in_force(Configuration(prologue_content="Hi!"), "1").prologue_content == "Hi!"
    assert replace(OFFER, prologue="").in_force(Configuration(), "1").prologue_content is None


def test_emotions_are_told_only_where_there_is_an_engine_for_them() -> None:
    asked = Configuration(asr_config=AsrConfig(stream_mode="output_no_stream", enable_emotion=True, enable_gender=True))
    without = OFFER.in_force(asked, "1").asr_config
    assert (without.enable_emotion, without.enable_gender) == (False, True)
    assert replace(OFFER, recognizes_emotion=True).in_force(asked, "1").asr_config == asked.asr_config
