"""Hints for developers of clients: likely mistakes in what a client sends, each reported once per connection."""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.effects import Hint
from kouyu.domain.errors import InvalidField, ProtocolError

_MOST: Final = 50
"""Most hints of one connection."""
UNCOMPLETED_S: Final = 60.0
"""Seconds of audio in one push-to-talk buffer after which the client probably expects free talk."""
_SHOWN: Final = 60
"""Characters of a client's name or id that are shown."""


class Hints:
    """Makes the hints of one connection and suppresses repeats."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, message: str) -> Iterator[Hint]:
        """Give the hint, unless it was given before or the limit is reached."""
        if message not in self._told and len(self._told) < _MOST:
            self._told.add(message)
            yield Hint(message)

    def unknown_event(self, name: str, meant: str) -> Iterator[Hint]:
        """Hint at a type of event that the protocol does not define, and at the one that may be meant, or ""."""
        similar = f"; {meant} may be meant" if meant else ""
        yield from self.tell(f"unknown event_type {quoted(name)}: it is ignored{similar}")

    def uncompleted(self) -> Iterator[Hint]:
        """Hint at a long push-to-talk buffer without CompleteBuffer."""
        yield from self.tell(
            f"{UNCOMPLETED_S:g} s of audio have come under turn_detection client_interrupt without"
            " input_audio_buffer.complete, and nothing is answered before that; server_vad finds the end by itself"
        )

    def no_buffer(self, is_complete: bool, turn_detection: str) -> Iterator[Hint]:
        """Hint at a push-to-talk buffer event sent in free talk."""
        event = "input_audio_buffer.complete" if is_complete else "input_audio_buffer.clear"
        yield from self.tell(f"{event} has no effect under turn_detection {turn_detection}")

    def nothing_to_complete(self) -> Iterator[Hint]:
        """Hint at a completed buffer that is empty."""
        yield from self.tell("input_audio_buffer.complete came without any input_audio_buffer.append before it")

    def refused(self, fault: ProtocolError, event: str = "") -> Iterator[Hint]:
        """Hint at a fault that an ``error`` event reported. Leaves out the value, which may be a user's speech."""
        what = f"{fault.field} is not allowed" if isinstance(fault, InvalidField) else fault.msg
        yield from self.tell(f"error {fault.code}: {event and f'{event}: '}{what}")


def quoted(text: str) -> str:
    """A client's name or id in quotes, cut when it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
