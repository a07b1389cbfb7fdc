"""Where code, tests and documents cite the protocol's reference, the place that they name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "protocol"
NUMBERED = re.compile(r"(websocket|rest|downlink)\.md\)?,? (\d+(?:\.\d+)?(?:(?:,| and| to) \d+(?:\.\d+)?)*)")
NAMED = re.compile(r"uplink\.md\)?, ([a-z_.]+)")
HEADING = re.compile(r"^#+ (\d+(?:\.\d+)?)\b", re.MULTILINE)


def citing() -> Iterator[Path]:
    """Every file that may cite."""
    for folder in ("kouyu", "tests", "docs", "bench", "evals"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md") and REFERENCE not in path.parents:
                yield path


def cited(pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
    """Where a citation stands, and its groups."""
    return [
        (f"{path.relative_to(ROOT)}: {found[0]}", *found.groups())
        for path in citing()
        for found in pattern.finditer(re.sub(r"\s+", " ", path.read_text(encoding="utf-8")))
    ]


@pytest.mark.parametrize("name", ["websocket", "rest", "downlink"])
def test_numbered_sections_that_are_cited_are_there(name: str) -> None:
    sections = set(HEADING.findall((REFERENCE / f"{name}.md").read_text(encoding="utf-8")))
    found = [
        (where, number)
        for where, page, numbers in cited(NUMBERED)
        if page == name
        for number in re.findall(r"\d+(?:\.\d+)?", numbers)
    ]
    assert len(found) > 10
    assert [where for where, number in found if number not in sections] == []


def test_events_and_fields_that_are_cited_are_there() -> None:
    page = (REFERENCE / "uplink.md").read_text(encoding="utf-8")
    found = cited(NAMED)
    assert len(found) > 10
    assert [where for where, name in found if name.strip(".").split(".")[-1] not in page] == []
