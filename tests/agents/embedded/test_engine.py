"""Loading the embedded model as its options, or the machine, choose."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded import plan, speed_record
from kouyu.agents.embedded.engine import ENGINE, chosen_now, load, settle
from kouyu.agents.embedded.model import EmbeddedModel, Speed
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.agents.embedded.tiers import TINY, TierName
from kouyu.weights.weight_set import WeightSet


@pytest.fixture
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of speeds of the test's own."""
    path = tmp_path / "speed.json"
    monkeypatch.setattr(speed_record, "_path", lambda: path)
    return path


def only_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "fetched_tiers", lambda: ("tiny",))


def test_a_tier_that_is_named_needs_its_weights_whatever_the_machine() -> None:
    assert ENGINE.weights(EmbeddedOptions(tier="medium")) == ("qwen2.5-coder-1.5b-instruct",)
    assert ENGINE.weights(EmbeddedOptions(tier="medium", model="/models/own.gguf")) == ()


def test_without_weights_auto_needs_those_of_the_smallest_tier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    assert ENGINE.weights(EmbeddedOptions()) == (TINY.weights,)


def test_speeds_of_another_machine_do_not_count(own_record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speed_record.remember("tiny", Speed(1.0, 2.0))
    speed_record.remember("small", Speed(3.0, 4.0))
    assert speed_record.measured_speeds() == {"tiny": Speed(1.0, 2.0), "small": Speed(3.0, 4.0)}
    monkeypatch.setattr(speed_record, "machine_identity", lambda: "another processor")
    assert speed_record.measured_speeds() == {}
    speed_record.remember("small", Speed(5.0, 6.0))
    assert speed_record.measured_speeds() == {"small": Speed(5.0, 6.0)}


def test_speeds_on_other_numbers_of_threads_do_not_count(own_record: Path) -> None:
    speed_record.remember("small", Speed(3.0, 4.0))
    assert speed_record.measured_speeds(threads=4) == {}
    speed_record.remember("small", Speed(1.0, 2.0), threads=4)
    assert speed_record.measured_speeds(threads=4) == {"small": Speed(1.0, 2.0)}
    assert speed_record.measured_speeds() == {}


def test_a_damaged_record_is_as_none(own_record: Path) -> None:
    own_record.write_text("{")
    assert speed_record.measured_speeds() == {}


async def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"engines\.embedded\.model: there is no file"):
        await load(EmbeddedOptions(model=str(tmp_path / "missing.gguf")))


@pytest.mark.models
async def test_auto_measures_a_model_that_is_new_here_once(own_record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_tiny(monkeypatch)
    model = await load(EmbeddedOptions())
    await model.close()
    assert model.file.tier == "tiny"
    measured = speed_record.measured_speeds()["tiny"]
    assert 0 < measured.reading_ms < measured.writing_ms
    assert "not known" not in model.reason

    async def never(_: EmbeddedModel) -> Speed:
        raise AssertionError("measured again")

    monkeypatch.setattr(EmbeddedModel, "speed", never)
    await (await load(EmbeddedOptions())).close()


@pytest.mark.models
def test_a_tier_that_turns_out_to_be_too_slow_leads_to_a_smaller_one(
    own_record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smallest model stands for all of them, each with a speed of its own."""
    started: list[TierName] = []
    speeds: Mapping[TierName, Speed] = {"tiny": Speed(1.0, 2.0), "small": Speed(5.0, 9.0), "medium": Speed(50.0, 90.0)}
    fetched: list[str] = []

    async def its_speed(model: EmbeddedModel) -> Speed:
        assert model.model.tier is not None
        started.append(model.model.tier)
        return speeds[model.model.tier]

    monkeypatch.setattr(EmbeddedModel, "speed", its_speed)
    monkeypatch.setattr(plan, "free_memory_mib", lambda: 20_000)
    tiny = TINY.model_file().path
    monkeypatch.setattr("kouyu.agents.embedded.tiers.cache.folder", lambda _: _Always(tiny))

    def fetch(weight_set: WeightSet) -> None:
        fetched.append(weight_set.name)

    choice = settle(EmbeddedOptions(), fetch, say=print)
    assert choice is not None
    assert choice.tier.name == "small"
    assert started == ["tiny", "medium", "small"]
    assert fetched == [TINY.weights, "qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct"]


class _Always:
    """A folder in which every name is one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __truediv__(self, _: str) -> Path:
        return self._file


def test_a_tier_that_is_named_is_fetched_without_measuring() -> None:
    fetched: list[str] = []
    choice = settle(EmbeddedOptions(tier="small"), lambda weight_set: fetched.append(weight_set.name), say=print)
    assert choice is not None
    assert (choice.tier.name, fetched) == ("small", ["qwen2.5-coder-0.5b-instruct"])


def test_the_tests_run_the_smallest_model() -> None:
    """Whatever is fetched on the machine: a server of a test must not choose for itself."""
    import os

    from kouyu.settings import load as load_settings

    options = load_settings(environment=os.environ).engines.options_of(ENGINE)
    choice = chosen_now(options)
    assert choice is not None
    assert choice.tier is TINY
