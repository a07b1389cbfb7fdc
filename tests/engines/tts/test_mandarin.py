import pytest

from kouyu.engines.tts.mandarin import mandarin_phonemes


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("你好，很好。", "ni↗xau↓, xə↗n xau↓."),
        ("不会。不好！", "pu↗xwei↘. pu↘xau↓!"),
        ("我想买书？", "wo↗ ɕja↗ŋ mai↓ ʂu→?"),
        ("Python很好用", "Python xə↗n xau↓ jʊ↘ŋ"),
        ("", ""),
        ("……", "……"),
    ],
)
def test_han_become_ipa_with_spoken_tones(text: str, phonemes: str) -> None:
    assert mandarin_phonemes(text) == phonemes


def test_a_rare_letter_without_a_reading_is_left_out() -> None:
    assert mandarin_phonemes("嗯\u4dbe好") != ""


def test_affricates_and_vowels_without_a_letter_are_kokoros() -> None:
    assert mandarin_phonemes("真的是自己去吃") == "ꭧə→ntɤ ʂɨ↘ ʦɨ↘ʨi↓ ʨʰy↘ ꭧʰɨ→"
