import pytest

from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.session.spoken_language import SpokenLanguage

OPEN = TranscriptionRequest(options=RecognitionOptions(hot_words=("kouyu",)))
SURE = Recognition(text="What is", language="en", language_is_sure=True)


@pytest.fixture
def spoken() -> SpokenLanguage:
    return SpokenLanguage()


def test_a_language_that_is_sure_is_not_guessed_again_for_a_little_more_audio(
    spoken: SpokenLanguage,
) -> None:
    spoken.learn(SURE, (1000, 1600))
    assert spoken.supplied(OPEN, 1000, 2000).options == RecognitionOptions(language="en", hot_words=("kouyu",))
    assert spoken.supplied(OPEN, 1000, 1400).options.language == "en"


def test_nothing_is_known_before_the_first_transcript_or_from_one_in_doubt(spoken: SpokenLanguage) -> None:
    assert spoken.supplied(OPEN, 0, 1000) == OPEN
    spoken.learn(Recognition(text="Hm", language="zh"), (0, 900))
    assert spoken.supplied(OPEN, 0, 1000) == OPEN


def test_where_much_is_new_and_in_another_utterance_it_is_only_likely(spoken: SpokenLanguage) -> None:
    spoken.learn(SURE, (1000, 1600))
    likely = RecognitionOptions(likely_language="en", hot_words=("kouyu",))
    assert spoken.supplied(OPEN, 1000, 2100).options == likely
    assert spoken.supplied(OPEN, 5000, 5500).options == likely


def test_what_the_client_says_of_the_language_counts(spoken: SpokenLanguage) -> None:
    spoken.learn(SURE, (0, 1000))
    french = TranscriptionRequest(options=RecognitionOptions(language="fr"))
    assert spoken.supplied(french, 0, 1000) == french
