"""Facts of the wire: every WebSocket message of the session as it is, but for its audio."""

import msgspec

from kouyu.diagnostics.facts.fact import Fact


class EventReceived(Fact, frozen=True, kw_only=True, tag="event.received"):
    """A message of the client, ``bytes`` long. ``event`` is its JSON, with audio replaced by its size and long texts
    cut. A message that is no JSON object, or is still too long, has ``text``, its beginning, instead."""

    bytes: int
    audio_bytes: int = 0
    """Bytes of the audio that it carries, decoded from base64."""
    event: msgspec.Raw | None = None
    text: str = ""


class EventSent(Fact, frozen=True, kw_only=True, tag="event.sent"):
    """A message to the client. See EventReceived."""

    bytes: int
    audio_bytes: int = 0
    event: msgspec.Raw | None = None
    text: str = ""


WireFact = EventReceived | EventSent
