"""A flow behind a URL: one POST for each turn, answered in one of three formats.

The body is JSON: ``parameters`` (with USER_INPUT), ``messages`` (role, content, content_type; the last is the
question), ``user_id``, ``conversation_id``, ``custom_variables``, ``extra_params``. The answer's content type selects
its format:

- ``text/event-stream``: each event's data is ``{"delta": "..."}``, or ``{"error": "..."}`` to fail the turn;
  ``[DONE]`` or the stream's end closes it.
- ``application/json``: ``{"answer": "..."}``.
- anything else: UTF-8 text, spoken as it comes.
"""

import asyncio
import codecs
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import aclosing
from typing import Any, Final, TypeVar

import httpx
import msgspec

from kouyu.agents.agent import AgentError, AgentEvent, AgentRequest, ContextMessage, TextDelta, TokenUsage
from kouyu.agents.event_stream import EventDecoder, EventTooLong
from kouyu.agents.flow import flow_request
from kouyu.agents.markup.events import without_markup
from kouyu.agents.streaming_http import in_time, streaming_client
from kouyu.agents.upstream_faults import UpstreamError, detail_in_log, refusal
from kouyu.engines.http_body import body_pieces
from kouyu.text.untrusted_json import decode_untrusted

log = logging.getLogger(__name__)

T = TypeVar("T")

_MAX_WHOLE_BYTES: Final = 1024 * 1024


class FlowEndpointDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A flow's URL, headers and time-outs, and its default parameters."""

    id: str
    url: str
    headers: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    """Defaults."""
    timeout_s: float = 20.0
    """Time-out until the answer begins, and between pieces."""
    ask_early: bool = False
    """Whether to send the request before the turn is committed."""


class _Event(msgspec.Struct, frozen=True):
    delta: str = ""
    error: str = ""


class _Whole(msgspec.Struct, frozen=True):
    answer: str


class FlowEndpoint:
    """An Agent that sends each turn to a URL."""

    def __init__(self, definition: FlowEndpointDefinition) -> None:
        self._definition = definition
        self._http = streaming_client(
            definition.url, {"Accept": "text/event-stream, application/json, text/plain", **definition.headers}
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator closes the connection. Raises AgentError."""
        return without_markup(self._reply(request))

    async def _reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        if not self._definition.ask_early:
            await request.committed()
            yield TextDelta("")
        said = [message.content for message in request.messages]
        place = f"flow {self._definition.id}"
        with detail_in_log(log, place, secrets=self._definition.headers.values(), said=said):
            response = await self._in_time(self._send(request))
            async with aclosing(response):
                if not response.is_success:
                    raise self._error(refusal(response.status_code), response.reason_phrase)
                async with aclosing(self._answer(response)) as pieces:
                    async for piece in pieces:
                        yield TextDelta(piece)
        yield TokenUsage(0, 0)

    async def _send(self, request: AgentRequest) -> httpx.Response:
        told = flow_request(request, self._definition.parameters)
        fields = {name: getattr(told, name) for name in told.__struct_fields__ if name != "committed"}
        fields["messages"] = [_known(message) for message in told.messages]
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(fields)
        sent = self._http.build_request("POST", self._definition.url, content=body, headers=headers)
        return await self._http.send(sent, stream=True)

    async def _answer(self, response: httpx.Response) -> AsyncGenerator[str, None]:
        pieces = body_pieces(response)
        match _media_type(response.headers):
            case "text/event-stream":
                form = self._events(pieces)
            case "application/json":
                form = self._whole(pieces)
            case _:
                form = self._plain(pieces)
        async with aclosing(form):
            async for piece in form:
                yield piece

    async def _events(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
        decoder = EventDecoder()
        while True:
            piece = await self._in_time(anext(pieces, None))
            try:
                events = decoder.finish() if piece is None else decoder.feed(piece)
                for data in events:
                    if data == b"[DONE]":
                        return
                    event = decode_untrusted(data, _Event)
                    if event.error:
                        raise self._error("it failed: the server log says why", event.error)
                    yield event.delta
                    await asyncio.sleep(0)  # thousands of events may have come together: others run in between
            except (EventTooLong, msgspec.DecodeError) as fault:
                raise self._error("it sent an event that is not a piece of an answer", str(fault)) from fault
            if piece is None:
                return

    async def _whole(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
        body = bytearray()
        while (piece := await self._in_time(anext(pieces, None))) is not None:
            body += piece
            if len(body) > _MAX_WHOLE_BYTES:
                raise self._error(f"it sent an answer longer than {_MAX_WHOLE_BYTES} bytes")
        try:
            yield decode_untrusted(body, _Whole).answer
        except msgspec.DecodeError as fault:
            raise self._error('the answer is not {"answer": "..."}', str(fault)) from fault

    async def _plain(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while (piece := await self._in_time(anext(pieces, None))) is not None:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)

    async def _in_time(self, step: Awaitable[T]) -> T:
        return await in_time(step, self._definition.timeout_s, self._error)

    def _error(self, what: str, detail: str = "") -> AgentError:
        return UpstreamError(f"Flow {self._definition.id}: {what}", detail=detail)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _known(message: ContextMessage) -> dict[str, Any]:
    """Return the message without its unknown fields."""
    return {name: value for name, value in msgspec.structs.asdict(message).items() if value is not None}
