"""A streaming client for any OpenAI-compatible ``/chat/completions`` endpoint."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final

import httpx
import msgspec

from kouyu.agents.agent import AgentError, AgentEvent, TextDelta, TextWithdrawn, ThoughtDelta
from kouyu.agents.chat_completion import CallsTooLarge, Chunk, decode_chunk, in_portions
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.event_stream import MAX_EVENT_BYTES, EventDecoder, EventTooLong
from kouyu.agents.markup.filter import MarkupFilter
from kouyu.agents.reaching import Reach, reach
from kouyu.agents.streamed_answer import StreamedAnswer
from kouyu.agents.streaming_http import streaming_client
from kouyu.agents.upstream_faults import BROKE_OFF, UNREACHABLE, UpstreamError, detail_in_log, refusal, said_in
from kouyu.engines.http_body import body_pieces

log = logging.getLogger(__name__)

_DONE: Final = b"[DONE]"
_NOT_READY: Final = 503
_RETRY_PAUSE_S: Final = 0.1
_TAIL_S: Final = 0.05
_MAX_ERROR_BYTES: Final = 64 * 1024


class OpenAIClient:
    """Chat completions from one endpoint; any number at once. Call ``close`` when done."""

    def __init__(self, endpoint: ModelEndpoint) -> None:
        self._endpoint = endpoint
        self._begins_inside: bool | None = None
        """Whether the model's last complete answer began inside a thought that its chat template had opened."""
        authorization = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        # The token time-outs limit reading; pings cannot extend them.
        self._http = streaming_client(
            endpoint.base_url,
            {"Accept": "text/event-stream", **authorization, **endpoint.headers},
            connect_s=endpoint.connect_timeout_s,
            keep_alive=endpoint.keep_alive,
        )

    @property
    def ahead_body(self) -> dict[str, Any]:
        """The body fields of prefill requests, made before the question is complete."""
        return self._endpoint.ahead_body

    async def reach(self) -> Reach:
        """Whether the server answers."""
        return await reach(self._http, f"{self._endpoint.base_url.rstrip('/')}/models")

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def complete(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        options: dict[str, Any] | None = None,
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to OpenAI chat ``messages``: thoughts, text, then tool calls if any, or AnswerCut if it
        reached its limit of tokens, then the token usage, once.

        ``options`` are further fields of the request body. Where the server does not count tokens, they are estimated.
        Closing the generator closes the connection at once, which stops the model. Raises AgentError.
        """
        options = options or {}
        body = self._body(messages, tools, options)
        markup = self._markup(tools if options.get("tool_choice") != "none" else ())
        answer = StreamedAnswer(markup)
        deadline = asyncio.get_running_loop().time() + self._endpoint.first_token_timeout_s
        secrets = (self._endpoint.api_key, *self._endpoint.headers.values())
        with detail_in_log(log, f"language model {self._endpoint.place}", secrets=secrets, said=said_in(messages)):
            response = await self._open(body, deadline)
            async with aclosing(response), aclosing(self._chunks(response, answer, deadline)) as chunks:
                async for chunk in chunks:
                    try:
                        text = answer.take(chunk)
                    except CallsTooLarge as fault:
                        raise self._error(f"it sent {fault}") from fault
                    for event in _shown(answer, text):
                        yield event
        for event in _shown(answer, answer.rest()):
            yield event
        if answer.is_whole:
            self._begins_inside = markup.began_inside
        if answer.is_thought_alone:
            log.warning("language model %s answered with reasoning only", self._endpoint.place)
        for event in answer.end(messages):
            yield event

    async def read(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        options: dict[str, Any] | None = None,
    ) -> None:
        """Prefill the server with ``messages``, which it may cache for later requests. ``options`` are further fields
        of the request body. Raises AgentError."""
        options = {"max_tokens": 1, **self._endpoint.ahead_body, **self._endpoint.prefill_body, **(options or {})}
        async with aclosing(self.complete(messages, tools=tools, options=options)) as events:
            async for _ in events:
                pass

    def _markup(self, tools: Sequence[dict[str, Any]]) -> MarkupFilter:
        """Return the filter that takes thoughts and calls out of the next answer's text."""
        match self._endpoint.starts_thinking:
            case None:
                unknown = self._begins_inside is None
                return MarkupFilter(held=bool(self._begins_inside), watchful=unknown, tools=tools)
            case starts_thinking:
                return MarkupFilter(inside=starts_thinking, tools=tools)

    def _body(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], options: dict[str, Any]
    ) -> bytes:
        body = {**self._endpoint.body, "model": self._endpoint.model, "messages": messages, "stream": True, **options}
        if self._endpoint.include_usage:
            body["stream_options"] = {"include_usage": True}
        if tools:
            body["tools"] = tools
        return msgspec.json.encode(body)

    async def _open(self, body: bytes, deadline: float) -> httpx.Response:
        """Send the request and wait for the headers of a successful response."""
        loop = asyncio.get_running_loop()
        keep_trying_until = loop.time() + self._endpoint.reconnect_s
        resets_allowed = 1
        tries = 0
        while True:
            may_wait = not tries or loop.time() < keep_trying_until
            tries += 1
            try:
                async with asyncio.timeout_at(deadline):
                    response = await self._send(body)
            except httpx.ConnectError as fault:
                if not may_wait:
                    raise self._error(UNREACHABLE, str(fault)) from fault
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as fault:
                if not resets_allowed:
                    raise self._error(
                        "it hung up before it answered: try again in a moment", f"{type(fault).__name__} {fault}"
                    ) from fault
                resets_allowed -= 1
                # The server died with this request: the time it hung before does not count as restart time.
                keep_trying_until = loop.time() + self._endpoint.reconnect_s
                if self._endpoint.keep_alive:
                    continue  # or it had just closed a connection that was kept open, and answers on a new one at once
            except (TimeoutError, httpx.TimeoutException, httpx.HTTPError, httpx.InvalidURL) as fault:
                raise self._fault(fault, answered=False) from fault
            else:
                if response.status_code != _NOT_READY or loop.time() >= keep_trying_until:
                    return await self._checked(response, deadline)
                await response.aclose()
            if tries == 1:
                log.info("language model %s is not ready yet, trying again", self._endpoint.place)
            await asyncio.sleep(_RETRY_PAUSE_S)

    async def _send(self, body: bytes) -> httpx.Response:
        url = f"{self._endpoint.base_url.rstrip('/')}/chat/completions"
        request = self._http.build_request("POST", url, content=body, headers={"Content-Type": "application/json"})
        return await self._http.send(request, stream=True)

    async def _checked(self, response: httpx.Response, deadline: float) -> httpx.Response:
        """Return a successful response. Closes any other and raises AgentError."""
        if response.status_code == httpx.codes.OK:
            return response
        text = b""
        async with aclosing(response):
            with suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout_at(deadline):
                    async for piece in body_pieces(response):
                        text += piece
                        if len(text) > _MAX_ERROR_BYTES:
                            break
        status = response.status_code
        raise self._error(refusal(status), f"HTTP {status}: {_error_message(text, response)}")

    async def _chunks(
        self, response: httpx.Response, answer: StreamedAnswer, deadline: float
    ) -> AsyncGenerator[Chunk, None]:
        """Yield the answer's chunks until it is complete. ``answer`` must be up to date after each chunk."""
        loop = asyncio.get_running_loop()
        pieces = body_pieces(response)
        decoder = EventDecoder()
        whole = response.headers.get("content-type", "").startswith("application/json")
        body = bytearray()
        while (piece := await self._next_piece(pieces, deadline, answer)) is not None:
            if whole:
                body += piece
                if len(body) > MAX_EVENT_BYTES:
                    raise self._error(f"it sent an answer longer than {MAX_EVENT_BYTES} bytes")
                continue
            before, place = answer.tokens, 0
            for data in self._events(decoder, piece):
                if data == _DONE:
                    answer.ended = True
                    await self._read_tail(pieces)
                    return
                for chunk in in_portions(self._decoded(data)):
                    if place:  # hundreds of events may come together: let other tasks run in between
                        await asyncio.sleep(0)
                    place += 1
                    yield chunk
            if answer.tokens > before:
                deadline = loop.time() + self._endpoint.token_timeout_s
        for data in [bytes(body)] if whole else decoder.finish():
            if data != _DONE:
                for place, chunk in enumerate(in_portions(self._decoded(data))):
                    if place:
                        await asyncio.sleep(0)
                    yield chunk
            else:
                answer.ended = True
        if not answer.ended:
            raise self._error(BROKE_OFF)

    async def _next_piece(self, pieces: AsyncIterator[bytes], deadline: float, answer: StreamedAnswer) -> bytes | None:
        """Return the next bytes; None at the end. A failure after the answer is complete counts as the end."""
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(pieces, None)
        except (TimeoutError, httpx.HTTPError) as fault:
            if answer.ended:
                return None
            raise self._fault(fault, answered=answer.tokens > 0) from fault

    def _events(self, decoder: EventDecoder, piece: bytes) -> list[bytes]:
        try:
            return decoder.feed(piece)
        except EventTooLong as fault:
            raise self._error(f"it sent {fault}") from fault

    def _decoded(self, data: bytes) -> Chunk:
        try:
            chunk = decode_chunk(data)
        except msgspec.DecodeError as fault:
            raise self._error("it sent something that is not a chat completion", str(fault)) from fault
        if chunk.error_message is not None:
            raise self._error("it failed while it answered: try again in a moment", chunk.error_message)
        return chunk

    async def _read_tail(self, pieces: AsyncIterator[bytes]) -> None:
        """Read the end of the body, so that the connection can be reused."""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(_TAIL_S):
                async for _ in pieces:
                    pass

    def _fault(self, fault: Exception, *, answered: bool) -> AgentError:
        match fault:
            case httpx.ConnectTimeout():
                limit_s = self._endpoint.connect_timeout_s
                return self._error(f"no connection within {limit_s:g} s: try again in a moment", "no connection")
            case TimeoutError() if answered:
                return self._error(f"it stopped in the middle: no token for {self._endpoint.token_timeout_s:g} s")
            case TimeoutError():
                return self._error(f"no answer within {self._endpoint.first_token_timeout_s:g} s")
            case httpx.RemoteProtocolError() | httpx.ReadError():
                return self._error(BROKE_OFF)
            case _:
                return self._error("the request failed: the server log says why", f"{type(fault).__name__} {fault}")

    def _error(self, what: str, detail: str = "") -> AgentError:
        return UpstreamError(f"Language model {self._endpoint.model}: {what}", detail=detail)


def _shown(answer: StreamedAnswer, text: str) -> Iterator[AgentEvent]:
    """Yield the events that follow from the latest chunk, whose text is ``text``."""
    if answer.withdrawn:
        yield TextWithdrawn(answer.withdrawn)
    if thoughts := answer.thoughts():
        yield ThoughtDelta(thoughts)
    if text:
        yield TextDelta(text)


def _error_message(body: bytes, response: httpx.Response) -> str:
    try:
        message = decode_chunk(body).error_message
    except msgspec.DecodeError:
        message = None
    return message or response.reason_phrase or "no explanation"
