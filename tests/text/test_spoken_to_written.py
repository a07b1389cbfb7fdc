"""Tables of what is said and how it is written: TAB, accepted forms parted by "|"; lines with # are headings."""

from pathlib import Path

import pytest

from kouyu.text.written_form import written_form

KNOWN_MISSES = {"g p t four"}
"""Letters said one by one are not put together."""


def rows(language: str) -> list[tuple[str, str, str]]:
    table = Path(__file__).with_name(f"spoken_to_written_{language}.tsv").read_text(encoding="utf-8")
    cells = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return [(language, said, accepted) for said, accepted in cells]


@pytest.mark.parametrize(("language", "said", "accepted"), rows("en") + rows("zh"))
def test_what_is_said_is_written_as_people_write(language: str, said: str, accepted: str) -> None:
    assert (written_form(said, language) in accepted.split("|")) != (said in KNOWN_MISSES)
