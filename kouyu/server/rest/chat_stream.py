"""A chat's events as server-sent events, exactly as the SDKs read them (rest.md 4.2).

An ``event:`` line, at once its ``data:`` line, a blank line; nothing else: no comments, no ids. The stream ends with
``done``, whether the chat completed or failed.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar.response import Stream

from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.protocol.coze.downlink import DownlinkEvent
from kouyu.protocol.coze.translation import downlink_of
from kouyu.server.rest.chat_shape import shown_chat
from kouyu.server.rest.message_shape import shown_message
from kouyu.text_chats.event_stream import EventStream
from kouyu.text_chats.text_chat import TextChat
from kouyu.text_chats.text_chats import TextChats

DONE: Final = b'"[DONE]"'
FLOW_DONE: Final = b'{"debug_url":""}'
"""One SDK reads a debug URL from it; this server has none."""
_SEPARATORS: Final = {
    character.encode(): b"\\u%04x" % ord(character) for character in ("\N{NEXT LINE}", "\u2028", "\u2029")
}
"""JSON does not require escapes for these, but cozepy treats them as line ends."""


async def streamed(chats: TextChats, begin: Callable[[EventStream], Awaitable[TextChat]], done: bytes = DONE) -> Stream:
    """Return an answer that streams the chat of ``begin``. What that raises, this raises, for an HTTP error status."""
    stream = EventStream()
    chat = await begin(stream)
    headers = {"Cache-Control": "no-cache"}
    return Stream(_frames(chats, chat, stream, done), media_type="text/event-stream", headers=headers)


async def _frames(chats: TextChats, chat: TextChat, stream: EventStream, done: bytes) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(stream.events()) as events:
            async for event in events:
                if (shown := downlink_of(event)) is not None:
                    yield frame(shown.event_type, msgspec.json.encode(_data(shown)))
        yield frame("done", done)
    finally:  # also when the client disconnects
        chats.leave(chat, stream)


def frame(name: str, data: bytes) -> bytes:
    """One event; ``data`` is JSON."""
    return b"event:%b\ndata:%b\n\n" % (name.encode(), _on_one_line(data))


def numbered_frame(number: int, name: str, data: bytes) -> bytes:
    """One event of a workflow's run: its SDKs read an ``id:`` line first."""
    return b"id:%d\nevent:%b\ndata:%b\n\n" % (number, name.encode(), _on_one_line(data))


def _on_one_line(data: bytes) -> bytes:
    for separator, escape in _SEPARATORS.items():
        data = data.replace(separator, escape)
    return data


def _data(event: DownlinkEvent) -> Any:
    match event.data:
        case Chat() as chat:
            return shown_chat(chat)
        case Message() as message:
            return shown_message(message, int(time.time()))
        case other:
            return other
