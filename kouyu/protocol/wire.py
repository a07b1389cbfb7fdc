"""What differs by protocol in a live session: how the client's messages are read, and how events are told to it."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from kouyu.domain.client_words import ClientWords
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.events import Event
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import Request

Told = TypeVar("Told")

Check = Callable[[object], None]
"""Checks a top-level object of a configuration. Raises InvalidField for what this server does not offer, and for fields
that exclude each other."""


class RequestedConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that a client requests, whole. The parts that ``faults`` are about are as before; ``misspelt``
    describes unknown fields that may be misspelt known ones."""

    configuration: Configuration
    options: SessionOptions = SessionOptions()
    faults: tuple[InvalidField, ...] = ()
    misspelt: tuple[str, ...] = ()

    def refuse(self, fault: InvalidField, before: Configuration) -> "RequestedConfiguration":
        """A copy in which the top-level object that ``fault`` is about is that of ``before``."""
        name = fault.object_name
        kept = msgspec.structs.replace(self.configuration, **{name: getattr(before, name)})
        return msgspec.structs.replace(self, configuration=kept, faults=(*self.faults, fault))


class Audio(msgspec.Struct, frozen=True):
    """A frame of the user's audio, in the format of ``input_audio``."""

    data: bytes


class Reconfigure(msgspec.Struct, frozen=True):
    """The client requests another configuration. ``read`` makes it of the one requested before."""

    read: Callable[[Configuration, Check], RequestedConfiguration]
    origin: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """A message, or a part of one, that cannot be used. ``origin`` is that of the message."""

    fault: ProtocolError
    origin: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """What the protocol answers by itself: events in its own form, for ``Wire.encoded``."""

    told: tuple[object, ...]


class Picture(msgspec.Struct, frozen=True):
    """A picture in a message, to be saved as an upload. ``path`` is the field that holds it."""

    content: bytes
    path: str


class Speech(msgspec.Struct, frozen=True):
    """Speech in a message, in the format of ``input_audio``, to be recognised. ``path`` is the field that holds it."""

    content: bytes
    path: str


class StoredPicture(msgspec.Struct, frozen=True):
    """A picture that was saved before, to be read."""

    file_id: str


class Saved(msgspec.Struct, frozen=True):
    """The upload that a Picture has become."""

    file_id: str


class Heard(msgspec.Struct, frozen=True):
    """What was recognised in a Speech; "" if nothing is said in it."""

    transcript: str


class Loaded(msgspec.Struct, frozen=True):
    """The content of a StoredPicture; empty if it is gone."""

    content: bytes


Media = Picture | Speech | StoredPicture
Prepared = Saved | Heard | Loaded


class Prepare(msgspec.Struct, frozen=True):
    """Media that the session must save, recognise or read before the message can be carried out. ``then`` gets what has
    become of each, and returns what the message means; it is called before any later message is read, except audio.
    Where something cannot be prepared the message is refused, and ``then`` not called."""

    media: tuple[Media, ...]
    then: "Callable[[Sequence[Prepared]], Sequence[Read]]"
    origin: str | None = None


Read = Audio | Reconfigure | Refused | Answered | Prepare | Request
"""What a message of the client may mean."""


class Wire(Protocol[Told]):
    """One connection's side of a protocol. Pure, but for the ids and times in what it encodes.

    ``read``, ``told`` and ``encoded`` are called in the order in which things happen: ``told`` when the core decides,
    and ``encoded`` at once, or for audio, which may be dropped, when it is sent.
    """

    @property
    def words(self) -> ClientWords:
        """What the protocol calls the things that hints are about."""
        ...

    def opening(self) -> Reconfigure | None:
        """What a connection requests by being opened; None if it begins with ``Configuration()``."""
        ...

    def options_of(self, requested: Configuration) -> SessionOptions:
        """The options that go with the configuration of a lost connection, which this one continues."""
        ...

    def frame_of_audio(self, message: str | bytes) -> bytes | None:
        """The decoded audio of a message that is one frame of audio of usual size; None for all others, which ``read``
        takes. Nearly every message is such a frame."""
        ...

    def read(self, message: str | bytes) -> Sequence[Read]:
        """What a WebSocket message means, in order."""
        ...

    def is_apart_from_audio(self, message: str | bytes) -> bool:
        """Whether a message neither holds audio nor changes how audio is taken in, so that audio behind it may be taken
        in before it."""
        ...

    def origin_of(self, message: str | bytes) -> str | None:
        """What comes back in the refusal of a message whose audio does not decode."""
        ...

    def told(self, event: Event) -> Sequence[Told]:
        """The events of the protocol that tell of ``event``; none if it has none, or if the client wants none.

        Those of a SpeechDelta may be dropped together before they are sent, so that nothing else depends on them.
        """
        ...

    def encoded(self, told: Told) -> str:
        """The text of one WebSocket message."""
        ...
