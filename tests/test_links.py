"""Every link from a page of the repository to another place in it leads to a file, and to a heading, that exists."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)#* *$", re.MULTILINE)
CONTENTS = re.compile(r"^(?!:)(\S+)$", re.MULTILINE)


def _text(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """The names that GitHub gives a page's headings."""
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in HEADING.findall(_text(page)):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).strip().replace(" ", "-")
        anchors.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return anchors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "``", _text(page))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in _anchors(path)):
            broken.append(link)
    assert broken == []


def test_the_site_has_every_page_of_the_documentation_in_its_contents() -> None:
    index = ROOT / "docs" / "index.md"
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```$", index.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    listed = [(index.parent / f"{name}.md").resolve() for block in blocks for name in CONTENTS.findall(block)]
    assert len(listed) == len(set(listed))
    assert set(PAGES) - {index} <= set(listed)


def test_the_files_that_the_architecture_page_names_are_there() -> None:
    """In the picture and the steps; a bare name is of conversation/, domain/ or protocol/coze/."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = [
        ROOT,
        ROOT / "kouyu",
        ROOT / "kouyu" / "conversation",
        ROOT / "kouyu" / "domain",
        ROOT / "kouyu" / "protocol" / "coze",
    ]
    named = set(re.findall(r"[\w/]+\.py\b", page))
    assert len(named) > 40
    assert {name for name in named if not any((folder / name).exists() for folder in folders)} == set()
