"""What counts as a wrong word or character."""

import pytest

from kouyu.bench.recognition.transcript_errors import Errors, formatted_errors, said_units, unformatted_errors


@pytest.mark.parametrize(
    ("language", "said", "heard", "wrong", "of"),
    [
        ("en", "Press 1 now, please.", "press one now please", 0, 4),
        ("en", "The office opens at 9:30.", "The office opens at nine thirty", 0, 6),
        ("en", "You have a voice mail.", "You have a voicemail", 0, 4),
        ("en", "Re-enter it", "reenter it", 0, 2),
        ("en", "The P B X is on", "The PBX is on", 0, 4),
        ("en", "That’s not it", "That's not it", 0, 3),
        ("en", "Followed by the pound key.", "Follow that pound key.", 3, 5),
        ("en", "One two", "", 2, 2),
        ("en", "One", "One or two", 2, 1),
        ("zh", "两点十五分。", "2点15分", 0, 5),
        ("zh", "我有十五个苹果。", "我有15个苹果", 0, 7),
        ("zh", "我们有两百多个员工", "我们有200多个员工", 0, 9),
        ("zh", "电话是一三八，零零一二三四五六。", "电话是13800123456", 0, 14),
        ("zh", "请打开 iPhone", "请打开iphone。", 0, 4),
        ("fr", "Appuyez sur 1", "appuyez sur un", 0, 3),
        ("ru", "Нажмите 2", "нажмите две", 0, 2),
        ("es", "Contraseña incorrecta", "contrasena incorrecta", 1, 2),
    ],
)
def test_what_was_said_is_compared_without_its_formatting(
    language: str, said: str, heard: str, wrong: int, of: int
) -> None:
    assert unformatted_errors(said, heard, language) == Errors(wrong, of)


def test_accents_can_be_left_out() -> None:
    assert unformatted_errors("Contrasena", "contraseña", "es", accents=False).wrong == 0


def test_a_pair_that_was_said_apart_stays_apart() -> None:
    assert said_units("may be, maybe", "en") == ["may", "be", "maybe"]
    assert unformatted_errors("may be, maybe", "may be maybe", "en").wrong == 0


def test_case_marks_and_digits_count_in_the_formatted_text() -> None:
    assert formatted_errors("Press 1, now.", "press one now.") == Errors(3, 5)
    assert formatted_errors("你好，世界。", "你好世界。") == Errors(1, 6)
    assert formatted_errors("Don't.", "Don't.") == Errors(0, 2)


def test_rates_of_several_recordings_are_weighted_by_their_length() -> None:
    assert (Errors(1, 2) + Errors(0, 8)).rate == pytest.approx(0.1)
    assert Errors().rate == 0.0
