"""Work on text grows with the text and no faster: with the square of it, one message could hold the event loop."""

from collections.abc import Callable

import pytest

from kouyu.conversation.heard import heard_text
from kouyu.conversation.speech import SpokenSentence
from kouyu.text.sentences import SentenceSplitter
from tests.counted_work import assert_grows_with_the_text

Work = Callable[[], object]


def text_of(unit: str, size: int) -> str:
    return (unit * size)[:size]


@pytest.mark.parametrize("unit", ["word ", "Go. ", "字", "?”", "...", " ", "```a", "`"])
def test_a_long_text_is_cut_into_sentences(unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)

        def cut() -> None:
            splitter = SentenceSplitter()
            splitter.write(text)
            splitter.end()
            for _ in splitter:
                pass

        return cut

    assert_grows_with_the_text(work_on, 3_000)


@pytest.mark.parametrize("unit", ["a", "?”", "```a"])
def test_a_text_of_many_deltas_is_cut_into_sentences(unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)

        def cut() -> None:
            splitter = SentenceSplitter()
            for delta in text:
                splitter.write(delta)
                for _ in splitter:
                    pass

        return cut

    assert_grows_with_the_text(work_on, 1_200)


@pytest.mark.parametrize("is_found", [True, False])
def test_what_was_heard_of_many_sentences(is_found: bool) -> None:
    def work_on(size: int) -> Work:
        said = [SpokenSentence("Word.", started=True, sent_ms=1.0, made_ms=1.0) for _ in range(size // 6)]
        answer = " ".join(("Word." if is_found else "Ward.") for _ in said)
        return lambda: heard_text(answer, said, heard_ms=size)

    assert_grows_with_the_text(work_on, 12_000)
