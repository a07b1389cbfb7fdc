"""Records are run with today's engines: what was heard, when turns ended, how long answers took."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kouyu.audio.pcm import Samples
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.rerun.recorded_answers import RecordedAnswers
from kouyu.bench.rerun.results import Results, results_of
from kouyu.bench.rerun.run import records_at, rerun_all
from kouyu.cli.replay import replay
from kouyu.conversation.inputs import AudioReceived, SpeechProbability
from kouyu.recording.audio_coding import coded
from kouyu.recording.frames import SUFFIX, RecordError
from kouyu.recording.timeline import Timeline
from kouyu.settings import Settings
from tests.conversation.simulation import CHUNK, Engines
from tests.recording.recorded_simulation import RecordedSimulation, interrupted
from tests.test_extras import run_light

QUESTION = spoken_questions("en")[0]


def recorded_question(path: Path, said: str, **settings: object) -> None:
    """Record a session in which the question was spoken, and the recogniser heard ``said``."""
    speech = QUESTION.samples
    chunks = [speech[start : start + CHUNK] for start in range(0, len(speech) + 40 * CHUNK, CHUNK)]
    audio: Samples = np.zeros(len(chunks) * CHUNK, np.float32)
    audio[: len(speech)] = speech
    talk = RecordedSimulation(Engines(transcript=said))
    talk.free_talk(**settings)
    for number in range(len(chunks)):
        is_speech = QUESTION.speech_start <= number * CHUNK < QUESTION.speech_end
        talk.wait(CHUNK / 16_000)
        talk.received += CHUNK
        talk.give(AudioReceived(talk.received))
        talk.give(SpeechProbability(talk.received, 0.95 if is_speech else 0.02))
    talk.wait(3)
    talk.written(path, [coded(audio, 0)])


@pytest.mark.models
def test_the_audio_is_heard_by_todays_engines_and_compared_with_what_was_corrected(tmp_path: Path) -> None:
    path = tmp_path / f"talk{SUFFIX}"
    recorded_question(path, "What is the capital of France in spring?")
    (tmp_path / "talk.txt").write_text(QUESTION.text)
    (found,) = rerun_all(records_at(tmp_path), {"today": Settings()})
    today = found.today["today"]
    assert (len(found.recorded.turns), len(today.turns)) == (1, 1)
    assert QUESTION.understood(today.turns[0].text)
    assert found.recorded.errors.wrong > today.errors.wrong
    assert today.turns[0].speech_end_ms == pytest.approx(found.recorded.turns[0].speech_end_ms, abs=200)
    assert len(today.answers_ms) == 1


def test_an_answer_that_is_cut_off_by_words_is_no_false_interruption(tmp_path: Path) -> None:
    results = results_of(Timeline(interrupted(tmp_path / "record")).turns())
    assert [turn.interrupts for turn in results.turns] == [False, True]
    assert results.false_interruptions == 0


def test_one_that_is_cut_off_by_no_words_is(tmp_path: Path) -> None:
    talk = RecordedSimulation(Engines(transcript=""))
    talk.free_talk()
    talk.write("What is it?")
    talk.wait(0.4)
    talk.speak(800)
    talk.silence(2000)
    assert results_of(Timeline(talk.written(tmp_path / "record")).turns()).false_interruptions == 1


def test_a_user_who_speaks_on_at_once_was_cut_off(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    talk.free_talk(silence_duration_ms=200)
    talk.speak(800)
    talk.silence(400)
    talk.speak(800)
    talk.silence(3000)
    results = results_of(Timeline(talk.written(tmp_path / "record")).turns())
    assert results.cut_offs == 1
    assert Results(turns=()).plus(results).cut_offs == 1


def test_a_question_gets_the_recorded_answer_to_the_most_similar_one(tmp_path: Path) -> None:
    talk = RecordedSimulation(Engines(deltas=("Paris.",)))
    talk.write("What is the capital of France?")
    talk.wait(3)
    talk.engines.deltas = ("Berlin.",)
    talk.write("What is the capital of Germany?")
    talk.wait(3)
    answers = RecordedAnswers(talk.written(tmp_path / "record").steps)
    first = answers.to("what is the capitol of france", 7, 0.0, after_tools=False)
    assert "Paris." in repr(first)
    assert "order=7" in repr(first)
    assert RecordedAnswers(()).to("anything", 1, 0.0, after_tools=False) == ()


def test_a_folder_without_records_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"there is no .kyrec file"):
        records_at(tmp_path)


@pytest.mark.models
def test_two_settings_are_shown_side_by_side(tmp_path: Path) -> None:
    recorded_question(tmp_path / f"talk{SUFFIX}", QUESTION.text)
    for name, limit in (("eager", 96), ("calm", 400)):
        (tmp_path / f"{name}.toml").write_text(f"[limits]\nspeech_start_ms = {limit}\n")
    configs = [f"--config={tmp_path / name}.toml" for name in ("eager", "calm")]
    done = CliRunner().invoke(replay, [str(tmp_path), "--with-engines", *configs], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for shown in ("talk.kyrec", "recorded", "eager", "calm", "false interruptions", "capital"):
        assert shown in done.output


def test_without_the_engines_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / f"talk{SUFFIX}"
    interrupted(path)
    done = run_light(f"from kouyu.cli.main import main; main(['replay', '--with-engines', {str(path)!r}])")
    assert done.returncode == 1
    how = "pip install 'kouyu[embedded]', then the model weights: kouyu models fetch\n"
    assert done.stderr.endswith(how), done.stderr
