from hypothesis import given
from hypothesis import strategies as st

from kouyu.domain.configuration import AsrConfig
from kouyu.serving.recognition import recognition_options
from kouyu.text.recognition_token_limits import cut_context, cut_hot_words, estimated_tokens


def words_counted(text: str) -> int:
    return len(text.split())


def test_hot_words_are_kept_whole_until_the_limit() -> None:
    words = ["one", "two words", "three more words", "four"]
    assert cut_hot_words(words, 3, words_counted) == ("one", "two words")
    assert cut_hot_words(words, 100, words_counted) == tuple(words)
    assert cut_hot_words(["", " ", "one "], 1, words_counted) == ("one",)


def test_context_is_cut_after_a_whole_word_or_han_letter() -> None:
    assert cut_context("the quick brown fox", 3, words_counted) == "the quick brown"
    assert cut_context("今天天气很好", 3, len) == "今天天"
    assert cut_context("short", 800, words_counted) == "short"
    assert cut_context("unbreakable", 0, words_counted) == ""


def test_the_mode_decides_how_many_hot_words_there_are() -> None:
    words = tuple(f"word{number}" for number in range(400))
    streaming = recognition_options(AsrConfig(hot_words=words, stream_mode="bidirectional_stream")).hot_words
    whole = recognition_options(AsrConfig(hot_words=words, stream_mode="output_no_stream")).hot_words
    assert streaming == words[: len(streaming)]
    assert 10 < len(streaming) <= 100
    assert whole == words


def test_a_long_context_is_cut_for_the_recogniser() -> None:
    context = recognition_options(AsrConfig(context="background " * 2000)).context
    assert context.startswith("background background")
    # Without whisper's tokens, a token is taken to be at most as long as a short word.
    assert 200 <= len(context.split()) <= 800


@given(st.text(max_size=200), st.integers(0, 50))
def test_what_is_left_fits_and_is_the_beginning(text: str, limit: int) -> None:
    left = cut_context(text, limit, estimated_tokens)
    assert estimated_tokens(left) <= limit
    assert text.strip().startswith(left)


def test_of_a_long_context_little_more_than_what_fits_is_counted() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return words_counted(text)

    assert cut_context("a " * 3200, 800, count) == ("a " * 800).strip()
    assert max(counted) < 2 * 800 * len("a ")
