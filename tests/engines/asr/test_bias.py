from collections.abc import Sequence

import pytest

from kouyu.engines.asr.bias import Bias, may_be_misheard, with_expected_words, with_words_heard_again


class Costs:
    """A model to which each word that is not in the first transcript costs as much as it is told."""

    def __init__(self, cost: float, again: str = "") -> None:
        self.cost = cost
        self.again = again
        self.asked: list[str] = []

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        self.asked += texts[1:]
        return [0.0, *(-self.cost for _ in texts[1:])]

    def in_pieces(self, word: str) -> bool:
        return True

    def heard_again(self, bias: Bias) -> str:
        return self.again


@pytest.mark.parametrize(
    ("transcript", "hot_words", "becomes"),
    [
        ("Please call Nicole, now!", ("Nikhil",), "Please call Nikhil, now!"),
        ("Zerylto is a drug.", ("Xarelto",), "Xarelto is a drug."),
        ("zerylto is a drug.", ("Xarelto",), "Xarelto is a drug."),
        ("口字你好呀。", ("扣子",), "扣子你好呀。"),
        ("小至小至停一下。", ("小智",), "小智小智停一下。"),
        ("He uses home assistant.", ("Home Assistant",), "He uses Home Assistant."),
        ("Stop it.", ("stop",), "Stop it."),
    ],
)
def test_a_word_that_costs_little_takes_the_place_of_what_sounds_like_it(
    transcript: str, hot_words: tuple[str, ...], becomes: str
) -> None:
    assert with_expected_words(transcript, Bias(hot_words), Costs(1.0)) == becomes


def test_a_word_that_costs_much_does_not() -> None:
    assert with_expected_words("Please call Nicole.", Bias(("Nikhil",)), Costs(10.0)) == "Please call Nicole."


@pytest.mark.parametrize("transcript", ["What is the capital of France?", "扣子你好呀。", "你好，呀子。", ""])
def test_where_nothing_sounds_alike_or_the_word_stands_there_the_model_is_not_asked(transcript: str) -> None:
    model = Costs(0.0)
    assert with_expected_words(transcript, Bias(("扣子", "Siobhan")), model) == transcript
    assert model.asked == []


def test_a_word_that_was_recognised_correctly_is_not_taken_for_another() -> None:
    assert with_expected_words("我在扣子平台上。", Bias(("扣子", "口字")), Costs(0.0)) == "我在扣子平台上。"


def test_a_word_whose_end_was_misheard_too_is_heard_again() -> None:
    model = Costs(14.0, again="have you tried a Zyrtonix tablet")
    text = with_expected_words("Have you tried the Zetonic Stablet?", Bias(("Zyrtonix",)), model)
    assert text == "Have you tried the Zyrtonix tablet?"


@pytest.mark.parametrize(
    ("language", "hot_words", "context"),
    [
        ("en", ("Coze",), "A talk about Coze: ."),
        ("zh", ("扣子", "Coze"), "A talk about Coze: 扣子."),
        ("yue", ("扣子", "Coze"), "A talk about Coze: 扣子."),
        ("ja", ("扣子", "こうゆ", "Coze"), "A talk about Coze: 扣子."),
        ("ru", ("Привет", "Coze"), "A talk about Coze: ."),
    ],
)
def test_only_words_in_the_letters_of_the_language_count(
    language: str, hot_words: tuple[str, ...], context: str
) -> None:
    everything = Bias(("扣子", "こうゆ", "Привет", "Coze"), "A talk about Coze: 扣子.")
    assert everything.within(language) == Bias(hot_words, context)


def test_of_a_context_longer_words_and_pairs_of_han_letters_are_looked_for() -> None:
    assert Bias(("Kouyu",), "I met Siobhan，王晓明").words() == ["Kouyu", "Siobhan", "王晓", "晓明"]


def test_without_probabilities_what_was_heard_again_must_sound_alike() -> None:
    bias = Bias(("Nikhil", "Stop"))
    assert may_be_misheard("Call Nicole.", bias)
    assert not may_be_misheard("What is the capital of France?", Bias(("Siobhan",)))
    assert with_words_heard_again("Call Nicole.", "call nikhil", bias) == "Call Nikhil."
    assert with_words_heard_again("Call Nicole.", "何洁何洁", bias) == "Call Nicole."
    assert with_words_heard_again("What a day.", "Stop a day.", bias) == "What a day."
