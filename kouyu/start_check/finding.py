"""What a check found."""

from typing import Literal

import msgspec

Verdict = Literal["good", "warning", "error"]
"""``error``: the server would not start, or something that the settings name would not work. ``warning``: it would work
otherwise than one may expect."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was checked."""

    subject: str
    """What it is about, such as ``port`` or ``bot tutor``."""
    verdict: Verdict
    text: str
    """What is there, or what is wrong and what to do."""


def good(subject: str, text: str) -> Finding:
    """A finding that needs no attention."""
    return Finding(subject, "good", text)


def warning(subject: str, text: str) -> Finding:
    """A finding that may be a surprise."""
    return Finding(subject, "warning", text)


def error(subject: str, text: str) -> Finding:
    """A finding that has to be mended."""
    return Finding(subject, "error", text)
