"""What went wrong at another server: in plain words for the client, and in detail for the log.

The client is told what failed and what can be done. Addresses of the operator's network and what the other server
wrote are for the log, where keys are left out, and whatever repeats something that was said.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from kouyu.agents.agent import AgentError

_LONGEST: Final = 300
_SHORTEST_SECRET: Final = 6
_SHORTEST_SAID: Final = 3
_REPEATED: Final = 12
"""Characters in a row that show that a text repeats something that was said."""
_MOST_SAID: Final = 200_000
_REFUSALS: Final = {
    401: "the operator has to check its key",
    403: "the operator has to check its key",
    404: "the operator has to check its address and its name",
    408: "try again in a moment",
    413: "what was asked is too long",
    429: "it is too busy, try again in a moment",
}


class UpstreamError(AgentError):
    """Another server failed. ``detail`` is for the log and may hold anything: see ``detail_in_log``."""

    def __init__(self, text: str, *, detail: str = "") -> None:
        super().__init__(text)
        self.detail = detail


def refusal(status: int) -> str:
    """What an HTTP status means, and what can be done."""
    if status >= 500:
        return f"it failed (HTTP {status}): try again in a moment"
    return f"it refused the request (HTTP {status}): {_REFUSALS.get(status, 'the server log says why')}"


@contextmanager
def detail_in_log(
    log: logging.Logger, place: str, *, secrets: Iterable[str] = (), said: Iterable[str] = ()
) -> Iterator[None]:
    """Log the detail of an UpstreamError that leaves the block. ``place`` is what was asked, with its address."""
    try:
        yield
    except UpstreamError as fault:
        if fault.detail:
            log.warning("%s: %s", place, loggable(fault.detail, secrets=secrets, said=said))
        raise


def loggable(text: str, *, secrets: Iterable[str] = (), said: Iterable[str] = ()) -> str:
    """The text, cut off, as far as it may stand in a log: without ``secrets``, and not where it repeats ``said``."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = " ".join(text.split())[:_LONGEST]
    if any(_repeats(text.lower(), " ".join(one[-_MOST_SAID:].lower().split())) for one in said):
        return "(it repeats what was said)"
    return text


def said_in(messages: Iterable[Any]) -> Iterator[str]:
    """The texts of OpenAI chat messages."""
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)


def _repeats(text: str, said: str) -> bool:
    if len(said) <= _REPEATED:
        return len(said) >= _SHORTEST_SAID and said in text
    return any(text[start : start + _REPEATED] in said for start in range(len(text) - _REPEATED + 1))
