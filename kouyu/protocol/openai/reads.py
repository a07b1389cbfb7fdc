"""What an event of the client leads to."""

from collections.abc import Callable, Sequence

import msgspec

from kouyu.domain.requests import Request
from kouyu.protocol.openai.server_events import ServerEvent
from kouyu.protocol.wire import Media, Prepared


class Read(msgspec.Struct, frozen=True):
    """What an event of the client leads to: ``replies`` are sent first, then ``requests`` are made of the core. With
    ``media`` it is nothing yet: ``then`` gets what became of them, and says what the event leads to, or raises
    ProtocolError."""

    replies: tuple[ServerEvent, ...] = ()
    requests: tuple[Request, ...] = ()
    media: tuple[Media, ...] = ()
    then: "Callable[[Sequence[Prepared]], Read] | None" = None
