import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.domain.configuration import AsrConfig, SensitiveWordsFilter
from kouyu.text.transcript import TranscriptFinisher

finisher = TranscriptFinisher()
PLAIN = AsrConfig(enable_ddc=False, enable_itn=False, enable_punc=False)


def finished(text: str, language: str, asr_config: AsrConfig, *, final: bool = True) -> str:
    return finisher.finish(text, language, asr_config, final=final)


@pytest.mark.parametrize(
    ("heard", "language", "asr_config", "shown"),
    [
        ("um, it costs twenty, uh, five percent", "en", AsrConfig(), "it costs 25%."),
        ("Um, it costs 25%.", "en", AsrConfig(enable_ddc=False), "Um, it costs 25%."),
        ("It costs 25%.", "en", AsrConfig(enable_itn=False), "It costs twenty-five percent."),
        ("Well, it costs 25%.", "en", AsrConfig(enable_punc=False), "Well it costs 25%"),
        ("Um, it's 25%.", "en", PLAIN, "Um it's twenty-five percent"),
        ("嗯，一共一百美元", "zh", AsrConfig(), "一共$100。"),
        ("嗯，一共一百美元", "zh", AsrConfig(enable_ddc=False), "嗯，一共$100。"),
        ("嗯，一共100美元。", "zh", AsrConfig(enable_itn=False), "一共一百美元。"),
        ("嗯，一共一百美元。", "zh", AsrConfig(enable_punc=False), "一共$100"),
        ("嗯，一共$100。", "zh", PLAIN, "嗯一共一百美元"),
    ],
)
def test_each_switch_does_its_part(heard: str, language: str, asr_config: AsrConfig, shown: str) -> None:
    assert finished(heard, language, asr_config) == shown


def test_the_three_filters_work_together() -> None:
    words = SensitiveWordsFilter(
        system_reserved_filter=True, filter_with_empty=("nasty",), filter_with_signed=("secret",)
    )
    heard = "Shit, the nasty secret is out."
    assert finished(heard, "en", AsrConfig(sensitive_words_filter=words)) == "****, the ****** is out."
    assert finished(heard, "en", AsrConfig()) == heard


def test_an_operators_list_takes_the_place_of_the_systems() -> None:
    own = TranscriptFinisher(("banana",))
    asr_config = AsrConfig(sensitive_words_filter=SensitiveWordsFilter(system_reserved_filter=True))
    assert own.finish("Banana shit.", "en", asr_config, final=True) == "****** shit."


def test_an_interim_transcript_is_finished_too_but_does_not_end() -> None:
    assert finished("um, I have twenty five", "en", AsrConfig(), final=False) == "I have 25"


def test_english_that_a_recogniser_took_for_mandarin_is_english() -> None:
    assert finished("um, what time is it", "zh", AsrConfig()) == "what time is it?"
    assert finished("你好吗", "en", AsrConfig()) == "你好吗？"


def test_other_languages_are_left_as_they_were_heard() -> None:
    assert finished("Er geht um 25 Uhr", "de", AsrConfig()) == "Er geht um 25 Uhr"


def test_silence_stays_silence() -> None:
    assert finished("", "", AsrConfig()) == finished("  ", "en", PLAIN) == ""


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=80) | st.text(alphabet="一百三点半嗯，。um I25%$.'-\x00 ", max_size=60),
    st.sampled_from(["en", "zh", "yue", "", "ja", "xx"]),
    st.builds(
        AsrConfig,
        enable_ddc=st.booleans(),
        enable_itn=st.booleans(),
        enable_punc=st.booleans(),
        sensitive_words_filter=st.builds(
            SensitiveWordsFilter,
            system_reserved_filter=st.booleans(),
            filter_with_empty=st.lists(st.text(max_size=4), max_size=3).map(tuple),
            filter_with_signed=st.lists(st.text(max_size=4), max_size=3).map(tuple),
        ),
    ),
    st.booleans(),
)
def test_whatever_is_heard_a_transcript_comes_out(text: str, language: str, asr_config: AsrConfig, final: bool) -> None:
    assert isinstance(finished(text, language, asr_config, final=final), str)
