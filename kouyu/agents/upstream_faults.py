"""Errors of upstream servers: a plain message for the client, details for the log.

The client gets what failed and what can be done. Addresses of the operator's network and the upstream server's own
error text go to the log, without keys and without anything that quotes the conversation.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from kouyu.agents.agent import AgentError

UNREACHABLE: Final = "it cannot be reached: try again in a moment"
BROKE_OFF: Final = "the answer broke off: try again in a moment"
UNREADABLE: Final = "it sent something that cannot be read: the server log says why"

_LONGEST: Final = 300
_SHORTEST_SECRET: Final = 6
_SHORTEST_SAID: Final = 3
_REPEATED: Final = 12
"""Length of a common substring from which on a text counts as quoting the conversation."""
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
    """An upstream server failed. ``detail`` is for the log and may hold anything: see ``detail_in_log``."""

    def __init__(self, text: str, *, detail: str = "") -> None:
        super().__init__(text)
        self.detail = detail


def refusal(status: int) -> str:
    """Describe an HTTP status, and what can be done."""
    if status >= 500:
        return f"it failed (HTTP {status}): try again in a moment"
    return f"it refused the request (HTTP {status}): {_REFUSALS.get(status, 'the server log says why')}"


@contextmanager
def detail_in_log(
    log: logging.Logger, place: str, *, secrets: Iterable[str] = (), said: Iterable[str] = ()
) -> Iterator[None]:
    """Log the detail of an UpstreamError that leaves the block. ``place`` names the upstream server and its address."""
    try:
        yield
    except UpstreamError as fault:
        if fault.detail:
            log.warning("%s: %s", place, loggable(fault.detail, secrets=secrets, said=said))
        raise


def loggable(text: str, *, secrets: Iterable[str] = (), said: Iterable[str] = ()) -> str:
    """Return the text shortened for the log, without ``secrets``; a placeholder if it quotes ``said``."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = " ".join(text.split())[:_LONGEST]
    if any(_repeats(text.lower(), " ".join(one[-_MOST_SAID:].lower().split())) for one in said):
        return "(it repeats what was said)"
    return text


def said_in(messages: Iterable[Any]) -> Iterator[str]:
    """Yield the texts of OpenAI chat messages."""
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
