"""Applies the limit of ``mcp_message_limit`` to HTTP responses of MCP servers. Imports the SDK's HTTP client."""

import re
from collections.abc import AsyncIterator
from typing import Final

import httpx2
import msgspec

from kouyu.agents.mcp_message_limit import MOST_BYTES, failure, is_too_long

_EVENT_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LONGEST_END: Final = 4


class _Request(msgspec.Struct, frozen=True):
    id: int | str | None = None


async def bound(response: httpx2.Response) -> None:
    """Replace messages that are too long, or compressed, by a failure of the request. A response hook of httpx2."""
    failed = failure(_request_id(response.request))
    is_compressed = response.headers.pop("content-encoding", "identity") != "identity"
    is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
    if is_compressed or not is_stream:
        # The SDK reads a response that is not a stream as a whole.
        response.headers.pop("content-length", None)
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    if is_stream:
        response.stream = _BoundedEvents(response.stream, failed, is_compressed)
    else:
        response.stream = _BoundedBody(response.stream, failed, is_compressed)


def _request_id(request: httpx2.Request) -> int | str | None:
    try:
        return msgspec.json.decode(request.content, type=_Request).id
    except (httpx2.RequestNotRead, msgspec.DecodeError):
        return None


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, failed: bytes, is_compressed: bool) -> None:
        self._stream = stream
        self._failed = failed
        self._is_compressed = is_compressed

    async def aclose(self) -> None:
        await self._stream.aclose()


class _BoundedBody(_Bounded):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = bytearray()
        if not self._is_compressed:
            async for piece in self._stream:
                body += piece
                if len(body) > MOST_BYTES:
                    break
        yield self._failed if self._is_compressed or is_too_long(body) else bytes(body)


class _BoundedEvents(_Bounded):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        event = bytearray()
        if self._is_compressed:
            yield self._failure()
            return
        async for piece in self._stream:
            searched = max(0, len(event) - _LONGEST_END)
            event += piece
            while end := _EVENT_END.search(event, searched):
                whole, searched = bytes(event[: end.end()]), 0
                del event[: end.end()]
                yield self._failure() if is_too_long(whole) else whole
            if len(event) > MOST_BYTES:
                yield self._failure()
                return
        yield bytes(event)

    def _failure(self) -> bytes:
        return b"event: message\ndata: " + self._failed + b"\n\n"
