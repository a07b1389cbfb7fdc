"""A conversation as text, as subtitles, and as JSON."""

import textwrap
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from kouyu.server.kouyu_api.readable_text import readable
from kouyu.server.rest.message_shape import shown_record
from kouyu.store.conversations import ConversationRecord
from kouyu.store.message_writes import MessageRecord
from kouyu.store.owned_store import OwnedStore

Format: TypeAlias = Literal["txt", "srt", "json"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "json": "application/json",
}
_PAGE: Final = 200
_CUE: Final = 84
"""Characters of one subtitle: two lines of 42."""
_LINE: Final = 42
_CHARACTERS_A_SECOND: Final = 15.0
_WIDE_A_SECOND: Final = 5.0
"""Of Chinese, Japanese and Korean. Both are usual rates of speech, for messages of which no recording is kept."""


async def exported(
    store: OwnedStore, conversation: ConversationRecord, file_format: Format
) -> AsyncGenerator[str, None]:
    """The file in pieces, each of at most _PAGE messages: questions, answers and inserted messages, oldest first."""
    write = _WRITERS[file_format](conversation)
    yield write.begin()
    spoken = {sound.message_id: sound.duration_ms / 1000 for sound in await store.sounds.list(conversation.id)}
    after = ""
    while True:
        page = await store.messages.list(conversation.id, after_id=after or None, limit=_PAGE, order="asc")
        if page.messages:
            yield "".join(write.message(message, spoken.get(message.id)) for message in page.messages)
        if not page.has_more:
            break
        after = page.last_id
    yield write.end()


class _Writer(Protocol):
    """Writes one format; ``spoken_s`` is the length of a message's recording in seconds, None without one."""

    def __init__(self, conversation: ConversationRecord) -> None: ...

    def begin(self) -> str: ...

    def message(self, message: MessageRecord, spoken_s: float | None) -> str: ...

    def end(self) -> str: ...


def _who(message: MessageRecord) -> str:
    return "User" if message.role == "user" else "Agent"


class _Text:
    def __init__(self, conversation: ConversationRecord) -> None:
        self._conversation = conversation

    def begin(self) -> str:
        of = self._conversation
        return f"Conversation {of.id} with bot {of.bot_id}, {_time(of.created_at)}\n"

    def message(self, message: MessageRecord, spoken_s: float | None) -> str:
        said = readable(message.content, message.content_type)
        cut = "" if message.heard is None else f"\n(interrupted; heard: {message.heard or 'nothing'})"
        return f"\n[{_time(message.created_at)}] {_who(message)}:\n{said}{cut}\n"

    def end(self) -> str:
        return ""


class _Json:
    def __init__(self, conversation: ConversationRecord) -> None:
        self._conversation = conversation
        self._is_first = True

    def begin(self) -> str:
        of = self._conversation
        about = {name: getattr(of, name) for name in ("id", "bot_id", "user_id", "name", "created_at", "meta_data")}
        return f'{{"format":"kouyu.conversation","version":1,"conversation":{_json(about)},"messages":['

    def message(self, message: MessageRecord, spoken_s: float | None) -> str:
        shown = msgspec.to_builtins(shown_record(message)) | {"heard": message.heard, "recording_s": spoken_s}
        comma = "" if self._is_first else ","
        self._is_first = False
        return f"{comma}\n{_json(shown)}"

    def end(self) -> str:
        return "\n]}\n"


class _Subtitles:
    """Each message begins when it was saved, or after the one before; what was not heard is left out."""

    def __init__(self, conversation: ConversationRecord) -> None:
        self._start: int | None = None
        self._number = 0
        self._end_s = 0.0

    def begin(self) -> str:
        return ""

    def message(self, message: MessageRecord, spoken_s: float | None) -> str:
        said = message.heard if message.heard is not None else readable(message.content, message.content_type)
        if not said.strip():
            return ""
        if self._start is None:
            self._start = message.created_at
        begin_s = max(self._end_s, float(message.created_at - self._start))
        length_s = spoken_s or max(1.0, _length_s(said))
        cues = _cues(f"{_who(message)}: {said}")
        written = ""
        for cue in cues:
            self._number += 1
            end_s = begin_s + length_s * len(cue) / sum(map(len, cues))
            lines = "\n".join(textwrap.wrap(cue, _LINE))
            written += f"{self._number}\n{_stamp(begin_s)} --> {_stamp(end_s)}\n{lines}\n\n"
            begin_s = end_s
        self._end_s = begin_s
        return written

    def end(self) -> str:
        return ""


_WRITERS: Final[dict[Format, type[_Writer]]] = {"txt": _Text, "srt": _Subtitles, "json": _Json}


def _cues(text: str) -> Sequence[str]:
    return textwrap.wrap(" ".join(text.split()), _CUE)


def _length_s(text: str) -> float:
    wide = sum(1 for character in text if ord(character) > 0x2E7F)
    return wide / _WIDE_A_SECOND + (len(text) - wide) / _CHARACTERS_A_SECOND


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{rest:03}"


def _time(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
