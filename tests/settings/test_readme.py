"""The README's examples are settings that kouyu takes."""

import re
from pathlib import Path

import pytest

from kouyu.settings import load

README = Path(__file__).parent.parent.parent / "README.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_taken(example: str, tmp_path: Path) -> None:
    file = tmp_path / "kouyu.toml"
    file.write_text(example, encoding="utf-8")
    assert load(file, environment={}, options={})
