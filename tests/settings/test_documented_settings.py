"""The settings that README and guides show are settings that kouyu takes."""

import re
from pathlib import Path

import pytest

from kouyu.settings import load

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *(ROOT / "docs" / "guides").glob("*.md"))
EXAMPLES = [
    example
    for page in PAGES
    for example in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_taken(example: str, tmp_path: Path) -> None:
    file = tmp_path / "kouyu.toml"
    file.write_text(example, encoding="utf-8")
    assert load(file, environment={}, options={})
