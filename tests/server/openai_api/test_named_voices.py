"""The voice that a request names."""

import pytest

from kouyu.conversation.capabilities import Capabilities
from kouyu.engines.tts.engine import Voice
from kouyu.protocol.openai.voices import OPENAI_VOICES
from kouyu.server.openai_api.errors import OpenAIError
from kouyu.server.openai_api.named_voices import chosen_voice

VOICES = (
    Voice(voice_id="en-one", name="One", engine="test", languages=("en",)),
    Voice(voice_id="zh-Two", name="二", engine="test", languages=("zh",)),
)
HERE = Capabilities(voice_ids=("en-one", "zh-Two", "alloy"), default_voice_id="en-one")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("zh-Two", "zh-Two"),
        ("ZH-TWO", "zh-Two"),
        ("one", "en-one"),
        ("二", "zh-Two"),
        ("", "en-one"),
        ("shimmer", "en-one"),
        ("Nova", "en-one"),
        ("alloy", "alloy"),
    ],
)
def test_a_voice_is_found_by_its_id_its_alias_or_its_name_and_openais_names_are_the_default(
    wanted: str, found: str
) -> None:
    assert chosen_voice(wanted, VOICES, HERE) == found


def test_all_voices_of_openais_realtime_and_speech_models_are_known() -> None:
    assert {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"} <= {*OPENAI_VOICES}


def test_another_name_is_refused_with_those_that_are_allowed() -> None:
    with pytest.raises(OpenAIError) as told:
        chosen_voice("nobody", VOICES, HERE)
    assert (told.value.param, told.value.name) == ("voice", "voice_not_found")
    assert "'nobody'" in told.value.msg
    assert "en-one, zh-Two" in told.value.msg
