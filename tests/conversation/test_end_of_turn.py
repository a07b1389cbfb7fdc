"""When the user's silence ends the turn."""

import pytest

from kouyu.conversation.end_of_turn import EndOfTurn
from kouyu.conversation.limits import Limits
from kouyu.domain.configuration import SemanticVadConfig, TurnDetection

SERVER = TurnDetection(type="server_vad", silence_duration_ms=500)
SEMANTIC = TurnDetection(type="semantic_vad")


def semantic(threshold_ms: int, wait_ms: int) -> TurnDetection:
    config = SemanticVadConfig(silence_threshold_ms=threshold_ms, semantic_unfinished_wait_time_ms=wait_ms)
    return TurnDetection(type="semantic_vad", semantic_vad_config=config)


def test_under_server_vad_silence_alone_decides() -> None:
    end = EndOfTurn(Limits())
    assert end.after_silence(499, SERVER) == "wait"
    assert end.after_silence(500, SERVER) == "end"


def test_under_semantic_vad_the_threshold_asks_once() -> None:
    end = EndOfTurn(Limits())
    assert end.after_silence(299, SEMANTIC) == "wait"
    assert end.after_silence(300, SEMANTIC) == "judge"
    assert end.after_silence(332, SEMANTIC) == "wait"


@pytest.mark.parametrize(("completeness", "decision"), [(0.0, "wait"), (0.49, "wait"), (0.5, "end"), (1.0, "end")])
def test_a_turn_judged_complete_is_over(completeness: float, decision: str) -> None:
    end = EndOfTurn(Limits())
    end.after_silence(300, SEMANTIC)
    assert end.judged(completeness) == decision


def test_the_point_to_decide_at_is_a_limit() -> None:
    end = EndOfTurn(Limits(turn_complete_probability=0.8))
    end.after_silence(300, SEMANTIC)
    assert end.judged(0.7) == "wait"


def test_an_unfinished_turn_ends_after_its_wait_counted_from_the_end_of_speech() -> None:
    end, detection = EndOfTurn(Limits()), semantic(300, 900)
    end.after_silence(300, detection)
    end.judged(0.1)
    assert end.after_silence(899, detection) == "wait"
    assert end.after_silence(900, detection) == "end"


def test_a_judgement_that_never_comes_counts_as_unfinished() -> None:
    end = EndOfTurn(Limits())
    end.after_silence(300, SEMANTIC)
    assert end.after_silence(500, SEMANTIC) == "end"


@pytest.mark.parametrize("wait_ms", [100, 300])
def test_where_the_wait_is_not_longer_than_the_threshold_there_is_nothing_to_judge(wait_ms: int) -> None:
    end, detection = EndOfTurn(Limits()), semantic(300, wait_ms)
    assert end.after_silence(299, detection) == "wait"
    assert end.after_silence(300, detection) == "end"


def test_speech_drops_what_was_asked_and_the_next_silence_is_judged_again() -> None:
    end = EndOfTurn(Limits())
    end.after_silence(300, SEMANTIC)
    end.spoke_on()
    assert end.judged(1.0) == "wait"
    assert end.after_silence(300, SEMANTIC) == "judge"


def test_a_judgement_of_another_transcript_is_out_of_date() -> None:
    end = EndOfTurn(Limits())
    assert end.judge_again() == "wait"
    end.after_silence(300, SEMANTIC)
    assert end.judged(0.1) == "wait"
    assert end.judge_again() == "judge"
    assert end.judged(1.0) == "end"


def test_a_judgement_nobody_asked_for_ends_nothing() -> None:
    assert EndOfTurn(Limits()).judged(1.0) == "wait"
