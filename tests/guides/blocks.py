"""The files that a guide tells its reader to write: fenced blocks with a title."""

import re
from pathlib import Path

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def files_of(guide: str) -> dict[str, str]:
    """Content by file name."""
    return dict(_BLOCK.findall((GUIDES / guide).read_text(encoding="utf-8")))
