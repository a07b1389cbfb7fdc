"""Tables of written forms and what is said for them: a written form, TAB, its readings with "|" between them."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "spoken"


@dataclass(frozen=True, slots=True)
class Row:
    category: str
    written: str
    spoken: tuple[str, ...]


def rows(path: Path) -> list[Row]:
    """The rows of a table; a line without a TAB names the category of those below it."""
    found: list[Row] = []
    category = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        written, tab, readings = line.partition("\t")
        if tab:
            found.append(Row(category, written, tuple(readings.split("\t")[0].split("|"))))
        else:
            category = line.lstrip("# ")
    return found


def said_alike(one: str, other: str) -> bool:
    """Whether two texts sound the same: marks, capitals, spelling and "and" in numbers make no difference."""
    return _sound(one) == _sound(other)


def _sound(text: str) -> str:
    text = re.sub(r"[^\w\s&@/+*=<>%°$€£¥~^]|_", " ", text.lower().replace("'", "").replace("’", ""))
    if re.search("[\u4e00-\u9fff]", text):
        return "".join(text.split())
    text = re.sub(r"\bmetre", "meter", re.sub(r"litre\b", "liter", text))
    text = re.sub(r"\b(hundred|thousand|million|billion) and\b", r"\1", " ".join(text.split()))
    text = re.sub(r"\ban? (hundred|thousand|million|billion)\b", r"one \1", text)
    # Letters said one by one, with or without spaces between them.
    return "".join(text.split())
