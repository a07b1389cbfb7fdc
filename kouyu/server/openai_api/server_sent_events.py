"""Server-sent events as OpenAI's clients read them: one ``data:`` line each."""

from typing import Any, Final

import msgspec

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
DONE: Final = b"data: [DONE]\n\n"


def event(data: Any) -> bytes:
    """One event."""
    return b"data: %b\n\n" % msgspec.json.encode(data)
