"""Hints for developers of clients: likely mistakes in what a client sends, each reported once per connection."""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.effects import Hint
from kouyu.domain.client_words import ClientWords
from kouyu.domain.errors import InvalidField, ProtocolError

_MOST: Final = 50
"""Most hints of one connection."""
UNCOMPLETED_S: Final = 60.0
"""Seconds of audio in one push-to-talk buffer after which the client probably expects free talk."""
_SHOWN: Final = 60
"""Characters of a client's name or id that are shown."""


class Hints:
    """Makes the hints of one connection and suppresses repeats."""

    def __init__(self, words: ClientWords | None = None) -> None:
        self.words = words or ClientWords()
        """What the client's protocol calls things."""
        self._told: set[str] = set()

    def tell(self, message: str) -> Iterator[Hint]:
        """Give the hint, unless it was given before or the limit is reached."""
        if message not in self._told and len(self._told) < _MOST:
            self._told.add(message)
            yield Hint(message)

    def unknown_event(self, name: str, meant: str) -> Iterator[Hint]:
        """Hint at a type of event that the protocol does not define, and at the one that may be meant, or ""."""
        similar = f"; {meant} may be meant" if meant else ""
        yield from self.tell(f"unknown {self.words.event_type} {quoted(name)}: it is ignored{similar}")

    def uncompleted(self) -> Iterator[Hint]:
        """Hint at a long push-to-talk buffer without CompleteBuffer."""
        yield from self.tell(
            f"{UNCOMPLETED_S:g} s of audio have come under {self.words.push_to_talk} without {self.words.complete},"
            f" and nothing is answered before that; {self.words.free_talk} finds the end by itself"
        )

    def no_buffer(self, is_complete: bool, turn_detection: str) -> Iterator[Hint]:
        """Hint at a push-to-talk buffer event sent in free talk."""
        event = self.words.complete if is_complete else self.words.clear
        yield from self.tell(f"{event} has no effect under turn_detection {turn_detection}")

    def nothing_to_complete(self) -> Iterator[Hint]:
        """Hint at a completed buffer that is empty."""
        yield from self.tell(f"{self.words.complete} came without any {self.words.append} before it")

    def refused(self, fault: ProtocolError, consequence: str = "") -> Iterator[Hint]:
        """Hint at a fault that the client was told of. Leaves out the value, which may be a user's speech."""
        what = f"{fault.field} is not allowed" if isinstance(fault, InvalidField) else fault.msg
        yield from self.tell(f"error {fault.code}: {consequence and f'{consequence}: '}{what}")

    def partly_refused(self, fault: InvalidField) -> Iterator[Hint]:
        """Hint at a part of a requested configuration that was not applied."""
        yield from self.refused(fault, f"{self.words.configure}, {fault.object_name} stays as it was")

    def resumed(self, conversation_id: str) -> Iterator[Hint]:
        """Hint at a lost connection that was continued."""
        yield from self.tell(
            f"no {self.words.configure} came: the configuration and the conversation {conversation_id} are those of"
            " this client's connection that was lost before"
        )


def quoted(text: str) -> str:
    """A client's name or id in quotes, cut when it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
