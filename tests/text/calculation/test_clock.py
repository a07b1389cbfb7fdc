"""Times of day, some hours or minutes from another."""

import pytest

from kouyu.text.calculation.numbers import Result
from kouyu.text.calculation.question import result_of


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("It's three o'clock. What time will it be in two hours?", "5 o'clock"),
        ("It is 11:30 a.m. now, what time is it in 45 minutes?", "12:15"),
        ("It is ten o'clock, what time was it three hours ago?", "7 o'clock"),
        ("It's twelve o'clock. What time is it in an hour?", "1 o'clock"),
        ("现在三点，两个小时以后是几点？", "5点"),
        ("现在十一点半，四十五分钟后是几点？", "12点15分"),
        ("现在是十点，三个小时前是几点？", "7点"),
        ("现在8点20分，10分钟之后是几点？", "8点30分"),
    ],
)
def test_the_time_that_is_asked_for_is_told(question: str, result: str) -> None:
    assert result_of(question) == Result(result)


@pytest.mark.parametrize(
    "question", ["What time is it?", "现在几点？", "现在十五点，两个小时以后是几点？", "三点开会，几点结束？"]
)
def test_other_questions_about_times_are_left_to_the_model(question: str) -> None:
    assert result_of(question) is None
