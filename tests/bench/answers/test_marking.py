"""Right and wrong answers, and the list of questions."""

import re

import pytest

from kouyu.bench.answers.marking import Question, mark, questions
from kouyu.bench.question_files import LANGUAGES
from kouyu.bench.spoken_question import Language
from kouyu.text.language import language_of

FIFTEEN = Question(ask="What is seven plus eight?", half="tuning", accept=("{15}",))
HUNDRED = Question(ask="?", half="tuning", accept=("{100}",))
MERCI = Question(ask="How do you say thank you in French?", half="tuning", accept=("merci",), any_language=True)
HEAVY = Question(ask="?", half="tuning", accept=("elephant",), reject=("mouse is heavier",))


@pytest.mark.parametrize(
    ("question", "language", "answer", "expected"),
    [
        (FIFTEEN, "en", "It is fifteen.", "right"),
        (FIFTEEN, "en", "15", "right"),
        (FIFTEEN, "en", "7 + 8 = 15.", "right"),
        (FIFTEEN, "en", "It is 15.0.", "right"),
        (FIFTEEN, "en", "It is 150.", "wrong"),
        (FIFTEEN, "en", "It is 1.15.", "wrong"),
        (FIFTEEN, "en", "It is one hundred and fifteen.", "wrong"),
        (FIFTEEN, "en", "Fifteen hundred.", "wrong"),
        (FIFTEEN, "zh", "等于十五。", "right"),
        (FIFTEEN, "zh", "等于15。", "right"),
        (FIFTEEN, "zh", "等于一百一十五。", "wrong"),
        (FIFTEEN, "zh", "等于十五万。", "wrong"),
        (FIFTEEN, "zh", "The answer is 15.", "other language"),
        (FIFTEEN, "en", "七加八等于15。", "other language"),
        (HUNDRED, "en", "At a hundred degrees.", "right"),
        (HUNDRED, "en", "At one hundred degrees.", "right"),
        (HUNDRED, "zh", "一百度。", "right"),
        (MERCI, "zh", "Merci.", "right"),
        (MERCI, "en", "mercies", "wrong"),
        (HEAVY, "en", "An Elephant is heavier.", "right"),
        (HEAVY, "en", "The mouse is heavier than the elephant.", "wrong"),
        (HEAVY, "en", "", "wrong"),
    ],
)
def test_marks(question: Question, language: Language, answer: str, expected: str) -> None:
    assert mark(question, answer, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_sixty_questions_half_of_them_held_out(language: Language) -> None:
    asked = questions(language)
    assert len({question.ask for question in asked}) == len(asked) == 60
    assert sum(question.half == "held-out" for question in asked) == 30
    for question in asked:
        assert language_of(question.ask) == language
        for pattern in (*question.accept, *question.reject):
            re.compile(re.sub(r"\{\d+\}", "x", pattern))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_is_answered_by_repeating_it(language: Language) -> None:
    """But for those that offer a choice or say what is asked for."""
    choices = [each.ask for each in questions(language) if mark(each, each.ask, language) == "right"]
    assert len(choices) <= 6, choices


@pytest.mark.parametrize(
    ("ask", "answer", "expected"),
    [
        ("大象和老鼠哪个重？", "大象比老鼠重。", "right"),
        ("大象和老鼠哪个重？", "老鼠比大象重。", "wrong"),
        ("火和冰哪个热？", "火比冰热。", "right"),
        ("火和冰哪个热？", "冰更热，火不热。", "wrong"),
        ("上海在哪个国家？", "上海在中华人民共和国。", "right"),
        ("Which month comes after June?", "July comes after June.", "right"),
        ("Which month comes after June?", "June comes after July.", "wrong"),
    ],
)
def test_a_comparison_is_marked_by_what_it_says(ask: str, answer: str, expected: str) -> None:
    (language, question), *_ = ((each, q) for each in LANGUAGES for q in questions(each) if q.ask == ask)
    assert mark(question, answer, language) == expected
