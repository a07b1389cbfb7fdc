"""The option --tier of measurements."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.cli.main import main


@pytest.mark.parametrize("measured", ["latency", "capacity", "soak", "stages"])
def test_a_tier_that_is_not_on_this_machine_is_not_measured(
    measured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server would begin with a smaller one, whose figures would then count as those of this one."""
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    refused = CliRunner().invoke(main, ("bench", measured, "--tier", "small"))
    assert refused.exit_code == 2
    assert "kouyu models fetch qwen2.5-coder-0.5b-instruct" in " ".join(refused.output.split())
