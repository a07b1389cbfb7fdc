import pytest

from kouyu.text.sound import similarity, sounds_in


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Xarelto", "Zerylto"),
        ("Kaczynski", "Kexinsky"),
        ("Nikhil", "Nicole"),
        ("Le Bernardin", "LeBurnardin"),
        ("扣子", "口字"),
        ("张伟", "章威"),
    ],
)
def test_a_misheard_word_sounds_much_like_it(said: str, heard: str) -> None:
    assert similarity(said, heard) > 0.8


@pytest.mark.parametrize(
    ("one", "other"), [("Jarvis", "computer"), ("扣子", "天气"), ("Kouyu", "color"), ("Nikhil", ""), ("", "")]
)
def test_other_words_do_not(one: str, other: str) -> None:
    assert similarity(one, other) < 0.6


@pytest.mark.parametrize(
    ("keyword", "transcript"),
    [
        ("扣子", "口子你好呀。"),
        ("扣子", "你好呀，口字"),
        ("小智小智", "小志小志停一下。"),
        ("停一下", "请听一下"),
        ("Jarvis stop", "Jarvistop."),
        ("hey Kouyu", "Hey, Kouyu!"),
    ],
)
def test_a_keyword_is_found_however_it_was_transcribed(keyword: str, transcript: str) -> None:
    assert sounds_in(keyword, transcript)


@pytest.mark.parametrize(
    ("keyword", "transcript"),
    [
        ("扣子", "它的裤子是黑色的。"),
        ("扣子", "我想买一双鞋子。"),
        ("Jarvis", "The service was good."),
        ("computer", "The commuter train is late."),
        ("stop it", "Stop the music."),
        ("扣子", ""),
        ("!", "Hello!"),
    ],
)
def test_another_word_is_no_keyword(keyword: str, transcript: str) -> None:
    assert not sounds_in(keyword, transcript)


def test_a_keyword_at_the_start_is_not_one_further_on() -> None:
    assert sounds_in("扣子", "口子你好呀。", at_start=True)
    assert not sounds_in("扣子", "你好呀，口子。", at_start=True)
