"""The guides that list the files of a change list those in which their example stands."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([\w./-]+)` \|", re.MULTILINE)
TESTS = {
    "add-a-field.md": ("tests/domain", "tests/protocol", "tests/fields", "tests/text"),
    "add-an-event.md": ("tests/domain", "tests/protocol", "tests/fields"),
    "add-a-rest-route.md": ("tests/server/rest",),
}
"""Where tests of such a change belong; those elsewhere only use what is there."""


@pytest.mark.parametrize(
    ("guide", "examples"),
    [
        ("add-a-field.md", ("enable_ddc",)),
        ("add-an-event.md", ("conversation.cleared", "SectionCleared")),
        ("add-a-rest-route.md", ("/v1/variables", "variable_routes")),
    ],
)
def test_every_file_in_which_the_example_stands_is_listed(guide: str, examples: tuple[str, ...]) -> None:
    listed = ROW.findall((ROOT / "docs" / "guides" / guide).read_text(encoding="utf-8"))
    assert len(listed) == len(set(listed)) > 4
    assert set(listed) == {
        path
        for folder in ("kouyu", "console/src", "docs", *TESTS[guide])
        for path in _text_files(folder)
        if any(example in (ROOT / path).read_text(encoding="utf-8") for example in examples)
    }


def _text_files(folder: str) -> list[str]:
    """What is part of the project, without the guides themselves and without what is built."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return [
        path
        for path in listed
        if path.endswith((".py", ".md", ".json", ".ts", ".tsx"))
        and not path.startswith(("docs/guides/", "docs/zh-CN/", "kouyu/console/"))
        and (ROOT / path).exists()
    ]
