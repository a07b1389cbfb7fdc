"""The Chinese README and guides say what the English ones say: the same parts, examples, links, names and numbers."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
CHINESE = ROOT / "docs" / "zh-CN" / "guides"
PAGES = {ROOT / "README.md": ROOT / "README.zh-CN.md"} | {page: CHINESE / page.name for page in GUIDES.glob("*.md")}
FENCE = re.compile(r"^( *)(```[^\n]*\n.*?^\1```) *$", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[str]:
    """The blocks of code."""
    return [block for _, block in FENCE.findall(page.read_text(encoding="utf-8"))]


def outline(page: Path) -> list[str]:
    """The marks of headings, table rows and items of lists, in their order."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^(#+ |\||- |\d\. )", text, re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its blocks of code, on one line."""
    return " ".join(FENCE.sub("", page.read_text(encoding="utf-8")).split())


def names(page: Path) -> set[str]:
    """What stands in backquotes: options, fields, commands, files."""
    return set(re.findall(r"`([^`]+)`", prose(page)))


def numbers(page: Path) -> list[str]:
    """The numbers of the text, in no order: sentences are built differently."""
    text = re.sub(r"`[^`]+`|\]\([^)]*\)", " ", prose(page))
    return sorted(re.findall(r"\d[\d,.]*\d|\d", text))


def links(page: Path) -> list[str]:
    """The files that the page leads to, from the root; of a guide the name alone."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = []
    for target in re.findall(r"\]\(([^()\s#]+)[^()\s]*\)", text):
        path = (page.parent / target).resolve()
        if ":" in target:
            found.append(target)
        elif path not in PAGES and path not in PAGES.values():
            found.append(str(path.relative_to(ROOT)))
        else:
            found.append(path.name.replace(".zh-CN", ""))
    return sorted(found)


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: str(page.name))
def test_a_page_and_its_translation_are_of_one_shape(page: Path) -> None:
    chinese = PAGES[page]
    assert examples(chinese) == examples(page)
    assert outline(chinese) == outline(page)
    assert links(chinese) == links(page)
    assert names(chinese) == names(page)
    assert numbers(chinese) == numbers(page)


def test_no_page_is_translated_that_is_not_there() -> None:
    assert {page.name for page in CHINESE.glob("*.md")} == {page.name for page in GUIDES.glob("*.md")}
