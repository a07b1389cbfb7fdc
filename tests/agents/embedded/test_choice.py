"""Which tier runs: a function of measured speeds and free memory."""

from itertools import pairwise

import msgspec
import pytest

from kouyu.agents.embedded.choice import ANSWER_LIMIT_MS, choose, estimated_answer_ms
from kouyu.agents.embedded.model import Speed
from kouyu.agents.embedded.tiers import MEDIUM, SMALL, TIERS, TINY, Tier, TierName

ALL: tuple[TierName, ...] = ("tiny", "small", "medium")
PLENTY_MIB = 20_000
FAST = Speed(1.0, 3.0)
SLOW = Speed(40.0, 120.0)


def test_the_largest_that_answers_in_time_is_chosen_and_the_reason_names_the_others() -> None:
    speeds: dict[TierName, Speed] = {"tiny": FAST, "small": Speed(5.0, 10.0), "medium": SLOW}
    choice = choose(ALL, speeds=speeds, free_memory_mib=PLENTY_MIB)
    assert choice.tier is SMALL
    assert f"within {ANSWER_LIMIT_MS} ms" in choice.reason
    assert "medium would answer after" in choice.reason


@pytest.mark.parametrize(
    ("free_memory_mib", "expected"), [(PLENTY_MIB, MEDIUM), (3000, SMALL), (2000, TINY), (100, TINY)]
)
def test_a_tier_that_does_not_fit_the_memory_is_not_chosen(free_memory_mib: int, expected: Tier) -> None:
    choice = choose(ALL, speeds=dict.fromkeys(ALL, FAST), free_memory_mib=free_memory_mib)
    assert choice.tier is expected
    assert ("of memory" in choice.reason) == (expected is not MEDIUM)


def test_on_a_machine_too_slow_for_all_the_smallest_runs() -> None:
    choice = choose(ALL, speeds=dict.fromkeys(ALL, SLOW), free_memory_mib=PLENTY_MIB)
    assert choice.tier is TINY
    assert "the smallest" in choice.reason


def test_only_what_is_fetched_is_chosen() -> None:
    only: tuple[TierName, ...] = ("tiny",)
    assert choose(only, speeds={"tiny": FAST}, free_memory_mib=PLENTY_MIB).tier is TINY
    assert choose((), speeds={}, free_memory_mib=PLENTY_MIB).tier is TINY


def test_a_speed_that_is_not_known_is_predicted_from_the_nearest_tiers() -> None:
    from_tiny = estimated_answer_ms(MEDIUM, {"tiny": Speed(10.0, 30.0)})
    from_small = estimated_answer_ms(MEDIUM, {"tiny": Speed(10.0, 30.0), "small": Speed(10.0, 30.0)})
    own = estimated_answer_ms(MEDIUM, {"tiny": SLOW, "small": SLOW, "medium": Speed(10.0, 30.0)})
    assert from_tiny is not None
    assert from_small is not None
    assert own is not None
    assert from_tiny > from_small > own
    assert estimated_answer_ms(MEDIUM, {}) is None


def test_tiers_grow_in_what_they_ask_of_a_machine() -> None:
    for smaller, larger in pairwise(TIERS):
        assert smaller.memory_mib < larger.memory_mib
        assert smaller.reading_cost < larger.reading_cost
        assert smaller.writing_cost < larger.writing_cost


@pytest.mark.models
def test_a_model_runs_on_the_threads_that_it_gains_from_and_on_no_more_than_there_are_cores() -> None:
    file = TINY.model_file()
    assert [file.threads(cores) for cores in (1, 2, 8)] == [1, 1, 1]
    larger = msgspec.structs.replace(file, most_threads=2)
    assert [larger.threads(cores) for cores in (1, 2, 8)] == [1, 2, 2]


def test_every_tier_names_the_one_file_of_its_weights() -> None:
    from kouyu.weights import catalogue

    for tier in TIERS:
        assert len(catalogue.find(tier.weights).files) == 1
        assert msgspec.json.encode(tier.prompts.body)
