"""What looks wrong in what a client sends, told once in a connection, to those who build the client."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

from kouyu.conversation.effects import Hint
from kouyu.protocol.errors import InvalidField, ProtocolError
from kouyu.protocol.uplink import KNOWN_EVENTS

_MOST: Final = 50
"""Hints of one connection."""
UNCOMPLETED_S: Final = 60.0
"""Audio of one push-to-talk buffer after which its client seems to wait for free talk."""
_SHOWN: Final = 60
"""Characters of a client's name or id that are shown."""


class Hints:
    """Remembers what has been told."""

    def __init__(self, known_events: Collection[str] = KNOWN_EVENTS) -> None:
        """``known_events`` are those that an unknown one may be meant for."""
        self._known_events = known_events
        self._told: set[str] = set()

    def tell(self, message: str) -> Iterator[Hint]:
        """Tell this, unless it has been told, or too much has."""
        if message not in self._told and len(self._told) < _MOST:
            self._told.add(message)
            yield Hint(message)

    def unknown_event(self, event_type: str) -> Iterator[Hint]:
        """An event has a type that the protocol does not know."""
        similar = get_close_matches(event_type[:_SHOWN].lower(), self._known_events, 1)
        meant = f"; {similar[0]} may be meant" if similar else ""
        yield from self.tell(f"unknown event_type {quoted(event_type)}: it is ignored{meant}")

    def uncompleted(self) -> Iterator[Hint]:
        """Much audio has come in push to talk, and its end has not been said."""
        yield from self.tell(
            f"{UNCOMPLETED_S:g} s of audio have come under turn_detection client_interrupt without"
            " input_audio_buffer.complete, and nothing is answered before that; server_vad finds the end by itself"
        )

    def no_buffer(self, is_complete: bool, turn_detection: str) -> Iterator[Hint]:
        """An event about the push-to-talk buffer has come in free talk."""
        event = "input_audio_buffer.complete" if is_complete else "input_audio_buffer.clear"
        yield from self.tell(f"{event} has no effect under turn_detection {turn_detection}")

    def nothing_to_complete(self) -> Iterator[Hint]:
        """A buffer has been completed that holds nothing."""
        yield from self.tell("input_audio_buffer.complete came without any input_audio_buffer.append before it")

    def refused(self, fault: ProtocolError, event: str = "") -> Iterator[Hint]:
        """The client was told of a fault by an ``error`` event. The value is left out: it may be what was said."""
        what = f"{fault.field} is not allowed" if isinstance(fault, InvalidField) else fault.msg
        yield from self.tell(f"error {fault.code}: {event and f'{event}: '}{what}")


def quoted(text: str) -> str:
    """A client's name or id in quotes, cut when it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
