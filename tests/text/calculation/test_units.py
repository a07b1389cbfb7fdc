"""Amounts in other units."""

import pytest

from kouyu.text.calculation.numbers import Result
from kouyu.text.calculation.question import result_of


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("How many seconds are in a minute?", "60 seconds"),
        ("How many hours are there in two days?", "48 hours"),
        ("How many days are in a week?", "7 days"),
        ("How many months are there in a year?", "12 months"),
        ("How many cents are in a dollar?", "100 cents"),
        ("How many centimetres are in three and a half metres?", None),
        ("How many centimetres are in 3.5 metres?", "350 centimetres"),
        ("What is 2 kilometers in meters?", "2000 meters"),
        ("How much is five kilos in grams?", "5000 grams"),
        ("Convert twelve feet to inches.", "144 inches"),
        ("A century is how many years?", "100 years"),
        ("How many hours does a week have?", "168 hours"),
        ("一元等于多少角？", "10角"),
        ("一块钱是几毛？", "10毛"),
        ("两个小时有多少分钟？", "120分钟"),
        ("一天有多少个小时？", "24小时"),
        ("一个星期有几天？", "7天"),
        ("一年有几个月？", "12个月"),
        ("三公斤等于多少克？", "3000克"),
        ("一斤是几两？", "10两"),
        ("2.5公里等于多少米？", "2500米"),
        ("一世纪有多少年？", "100年"),
    ],
)
def test_an_amount_is_told_in_the_unit_that_is_asked_for(question: str, result: str | None) -> None:
    assert result_of(question) == (result and Result(result))


def test_an_amount_with_endless_decimals_is_rounded() -> None:
    assert result_of("How many miles are in ten kilometers?") == Result("6.2137 miles", is_exact=False)


@pytest.mark.parametrize(
    "question",
    [
        "How many days are in a year?",
        "How many legs does a dog have?",
        "How many hours did you sleep in a week?",
        "How many meters are in a minute?",
        "一年有多少天？",
        "一只狗有几条腿？",
        "一米等于几秒？",
        "你几岁？",
    ],
)
def test_what_has_no_ratio_is_left_to_the_model(question: str) -> None:
    assert result_of(question) is None
