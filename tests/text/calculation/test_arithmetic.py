"""The arithmetic in questions."""

import pytest

from kouyu.text.calculation.numbers import Result
from kouyu.text.calculation.question import result_of


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("What is seven plus eight?", "15"),
        ("what is 90 - 37", "53"),
        ("How much is six times seven?", "42"),
        ("What's 12 x 12?", "144"),
        ("What is 7*8 + 2?", "58"),
        ("What is one hundred divided by four?", "25"),
        ("Calculate 10 / 4.", "2.5"),
        ("What is two plus three times four?", "14"),
        ("What is two minus five?", "-3"),
        ("What is half of fifty?", "25"),
        ("What is a quarter of eighty?", "20"),
        ("What is one third of ninety?", "30"),
        ("What is twice twenty-one?", "42"),
        ("What is twenty percent of two hundred?", "40"),
        ("How much is 7.5% of 80?", "6"),
        ("What is the square root of one hundred and forty-four?", "12"),
        ("What is the square root of 9 plus 1?", "4"),
        ("What is nine squared?", "81"),
        ("What is two cubed?", "8"),
        ("What is two to the power of ten?", "1024"),
        ("What is the sum of 12 and 30?", "42"),
        ("What is the difference between 50 and 8?", "42"),
        ("What is the product of six and seven?", "42"),
        ("Multiply six by seven.", "42"),
        ("Divide 84 by 2.", "42"),
        ("Subtract five from twelve.", "7"),
        ("What is 1,200 minus four hundred and fifty?", "750"),
        ("What is two point five plus one?", "3.5"),
        ("七加八等于多少？", "15"),
        ("九十减去三十七是多少", "53"),
        ("六乘以七等于几？", "42"),
        ("一百除以四等于多少？", "25"),
        ("5除20等于几", "4"),
        ("2加3乘4等于多少？", "14"),
        ("五十的一半是多少？", "25"),
        ("二百的百分之十五是多少？", "30"),
        ("80的25%是多少？", "20"),
        ("七的六倍是多少？", "42"),
        ("一百四十四的平方根是多少？", "12"),
        ("根号十六等于几", "4"),
        ("九的平方是多少？", "81"),
        ("三的立方是多少？", "27"),
        ("二的十次方是多少？", "1024"),
        ("十二和三十的和是多少？", "42"),
        ("五十与八的差是多少？", "42"),
        ("六和七的积是多少？", "42"),
        ("一千二百减四百五十等于多少？", "750"),
        ("三点二加一点五是多少？", "4.7"),
        ("7+8=", "15"),
    ],
)
def test_a_calculation_that_is_asked_for_is_worked_out(question: str, result: str) -> None:
    assert result_of(question) == Result(result)


@pytest.mark.parametrize(
    ("question", "figures"),
    [("What is 10 divided by 3?", "3.3333"), ("二的平方根是多少？", "1.4142"), ("What is 1 / 3 - 1?", "-0.6667")],
)
def test_a_result_with_endless_decimals_is_rounded(question: str, figures: str) -> None:
    assert result_of(question) == Result(figures, is_exact=False)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "What day is 2024-11-30?",
        "How many times have I told you?",
        "I have 2 plus points.",
        "What is the capital of Italy?",
        "What time is it?",
        "What is two and two?",
        "Call 555-1234.",
        "你今年几岁？",
        "我有三个苹果，吃了一个，还剩几个？",
        "一加手机多少钱？",
    ],
)
def test_other_questions_have_no_result(question: str) -> None:
    assert result_of(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "What is ten divided by zero?",
        "What is 2 to the power of 21?",
        "What is 2 to the power of 0.5?",
        "What is 999999999999999 times 2?",
        "What is " + " + ".join(["1"] * 20) + "?",
        "What is 1 plus 1? " + "Tell me. " * 40,
    ],
)
def test_what_has_no_result_or_too_much_of_it_is_left_to_the_model(question: str) -> None:
    assert result_of(question) is None
