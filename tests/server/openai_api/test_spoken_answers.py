"""What was said in spoken answers, by their ids."""

import pytest

from kouyu.server.openai_api import spoken_answers
from kouyu.server.openai_api.spoken_answers import SpokenAnswers


def test_an_answer_is_known_for_an_hour_to_its_owner() -> None:
    now = 1000.0
    answers = SpokenAnswers(lambda: now)
    audio_id = answers.new_id()
    assert answers.keep(audio_id, "ada", "It is cold.") == 4600
    assert answers.transcript(audio_id, "ada") == "It is cold."
    assert answers.transcript(audio_id, "bob") is None
    assert answers.transcript("audio_other", "ada") is None
    now = 4600.0
    assert answers.transcript(audio_id, "ada") is None


def test_the_oldest_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_answers, "_MOST_KEPT", 2)
    answers = SpokenAnswers()
    ids = [answers.new_id() for _ in range(3)]
    for audio_id in ids:
        answers.keep(audio_id, "", audio_id)
    assert [answers.transcript(audio_id, "") is None for audio_id in ids] == [True, False, False]
