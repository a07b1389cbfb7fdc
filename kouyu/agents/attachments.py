"""Converts pictures and documents in messages to what a model accepts: data URLs and text."""

import asyncio
import base64
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from kouyu.agents.agent import ContextMessage
from kouyu.agents.document_parsing import UnreadableDocument
from kouyu.agents.document_text import document_text
from kouyu.agents.fetching import Fetched, Fetcher, FetchError
from kouyu.agents.output_files import named_files
from kouyu.agents.token_estimate import estimate_tokens
from kouyu.domain.client_json import decode_base64
from kouyu.domain.content import AudioPart, ContentPart, FilePart, ImagePart, TextPart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.domain.pictures import picture_type
from kouyu.domain.tool_calls import ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)

_MOST_READ: Final = 8
"""How many of a section's latest attachments are read; for the others the model gets a note."""
_MOST_PICTURE_CHARACTERS: Final = 16_000_000
"""Most characters of data URLs in one request, latest pictures first: 12 MB of files (as JSON 4 ms; 20 MB take 20)."""
MOST_PICTURE_BYTES: Final = (_MOST_PICTURE_CHARACTERS - 100) * 3 // 4
"""Most bytes of one picture, which is then the only one that is shown."""
_TOO_MUCH_TO_SEE: Final = "[an image left out: with those after it, it is more than can be shown at once]"
_ENCODED_AT_ONCE: Final = 3 * 1024 * 1024
_KEPT_BYTES: Final = 64 * 1024 * 1024
_KEPT_TEXTS: Final = 64
"""Number of documents whose text, or error, is cached."""
_DATA_URL: Final = "data:"
_SHOWN_BY_TOOLS: Final = "[what the tools' results show]"

ReadFile = Callable[[str, str], Awaitable[Fetched | None]]
"""Returns an owner's uploaded file by its id; None if there is none."""


class Attachments:
    """Reads attachments and caches the latest, since the model gets the whole section at every turn."""

    def __init__(self, read_file: ReadFile, fetcher: Fetcher, workers: LimitedWorkers) -> None:
        """``workers`` parse documents."""
        self._read_file = read_file
        self._workers = workers
        self._fetcher = fetcher
        self._kept: OrderedDict[tuple[str, str, str], Fetched] = OrderedDict()
        """By the kind of reference, the owner of an uploaded file, and the id or URL."""
        self._texts: OrderedDict[bytes, str | UnreadableDocument] = OrderedDict()
        """By the SHA-256 of the content."""

    async def resolved(
        self, messages: Sequence[ContextMessage], owner: str, *, images: bool, document_tokens: int
    ) -> tuple[ContextMessage, ...]:
        """Return the messages with documents as text and pictures as data URLs, or as notes if ``images`` is False.

        ``owner`` is whose uploaded files they may name. A document is cut at about ``document_tokens``. A file that
        cannot be read becomes a note that says why. Files that tools' outputs name come after the output, pictures in
        the message's own content.
        """
        room = _Room(owner)
        shown: list[ContextMessage] = []
        for message in reversed(messages):
            if message.tool_round is not None:
                shown.append(await self._with_named_files(message, message.tool_round, room, images, document_tokens))
                continue
            parts = _parts(message)
            if parts is None:
                shown.append(message)
                continue
            files = [place for place, part in enumerate(parts) if _is_read(part, images)]
            latest = files[max(0, len(files) - room.files) :]
            room.files -= len(latest)
            read = await asyncio.gather(
                *(self._read_into(parts[place], owner, images, document_tokens) for place in latest)
            )
            told = [_note(part, images) for part in parts]
            for place, file in reversed(list(zip(latest, read, strict=True))):
                told[place] = room.fitting(file)
            shown.append(msgspec.structs.replace(message, content=msgspec.json.encode(told).decode()))
        return tuple(reversed(shown))

    async def _with_named_files(
        self, message: ContextMessage, tools: ToolRound, room: "_Room", images: bool, tokens: int
    ) -> ContextMessage:
        """Add the files that a tool round's outputs name, as far as the limits allow."""
        outputs: list[ToolOutput] = []
        pictures: list[dict[str, Any]] = []
        for output in tools.outputs:
            texts = [output.output]
            for named in named_files(output.output):
                if not named.is_certain and not await self._is_there(named.part, room.owner):
                    continue
                file = _note(named.part, images)
                if _is_read(named.part, images) and room.files > 0:
                    room.files -= 1
                    file = room.fitting(await self._read_into(named.part, room.owner, images, tokens))
                if file["type"] == "text":
                    texts.append(file["text"])
                else:
                    pictures.append(file)
            outputs.append(msgspec.structs.replace(output, output="\n".join(texts)))
        shown = msgspec.structs.replace(message, tool_round=ToolRound(calls=tools.calls, outputs=tuple(outputs)))
        if not pictures:
            return shown
        content = msgspec.json.encode([_text(_SHOWN_BY_TOOLS), *pictures]).decode()
        return msgspec.structs.replace(shown, content=content, content_type="object_string")

    async def _is_there(self, part: ImagePart | FilePart, owner: str) -> bool:
        try:
            await self.read(part, owner)
        except FetchError:
            return False
        return True

    async def _read_into(self, part: ContentPart, owner: str, images: bool, tokens: int) -> dict[str, Any]:
        """Return a file as a content part for the model."""
        assert isinstance(part, ImagePart | FilePart)
        try:
            file = await self.read(part, owner)
            if isinstance(part, ImagePart) or picture_type(file.content):
                detail = part.detail if isinstance(part, ImagePart) else None
                return await _shown(file, detail) if images else _note(ImagePart(), images)
            return _text(await self._document(file, tokens))
        except (FetchError, UnreadableDocument) as fault:
            log.info("an attachment could not be read: %s", fault)
            return _text(f"[a file that could not be read: {fault}]")

    async def _document(self, file: Fetched, most_tokens: int) -> str:
        text = await self._text_of(file.content)
        tokens = estimate_tokens(text)
        if tokens > most_tokens:
            text = f"{text[: len(text) * most_tokens // tokens]}\n(cut off here)"
        return f"[the file {file.name or 'of the user'}]\n{text}\n[end of the file]"

    async def _text_of(self, content: bytes) -> str:
        key = (await asyncio.to_thread(hashlib.sha256, content)).digest()
        if key not in self._texts:
            try:
                text = await document_text(content, self._workers)
                self._texts[key] = text or UnreadableDocument("it holds no text")
            except UnreadableDocument as fault:
                self._texts[key] = fault
            if len(self._texts) > _KEPT_TEXTS:
                self._texts.popitem(last=False)
        text_or_fault = self._texts[key]
        if isinstance(text_or_fault, UnreadableDocument):
            raise UnreadableDocument(str(text_or_fault))
        return text_or_fault

    async def read(self, part: ImagePart | FilePart | AudioPart, owner: str) -> Fetched:
        """Read the file that a part of an owner's message names, or holds as a data URL. Raises FetchError."""
        if part.file_url is not None and part.file_url.startswith(_DATA_URL):
            return await asyncio.to_thread(_held, part.file_url)
        key = ("id", owner, part.file_id) if part.file_id else ("url", "", part.file_url or "")
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        kind, _, reference = key
        file = await (self._read_file(owner, reference) if kind == "id" else self._fetcher.fetch(reference))
        if file is None:
            raise FetchError("there is no uploaded file with this id")
        self._kept[key] = file
        while sum(len(kept.content) for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
        return file


def _held(url: str) -> Fetched:
    """The file in a data URL."""
    head, comma, content = url.removeprefix(_DATA_URL).partition(",")
    if not comma or not head.endswith(";base64"):
        raise FetchError("the data URL is not base64")
    try:
        return Fetched("", decode_base64(content))
    except ValueError as fault:
        raise FetchError("the data URL is not readable base64") from fault


@dataclass(slots=True)
class _Room:
    """The remaining limits while a section's files are read."""

    owner: str
    files: int = _MOST_READ
    picture_characters: int = _MOST_PICTURE_CHARACTERS

    def fitting(self, file: dict[str, Any]) -> dict[str, Any]:
        """Return the file, or a note if it is a picture beyond the limit."""
        self.picture_characters -= len(file.get("file_url", ""))
        return file if self.picture_characters >= 0 else _text(_TOO_MUCH_TO_SEE)


def may_have_files(message: ContextMessage) -> bool:
    """Whether a message, or the outputs of its tools, name files."""
    if message.tool_round is not None:
        return any(named_files(output.output) for output in message.tool_round.outputs)
    return message.content_type == "object_string"


def spoken_text(message: ContextMessage) -> str:
    """Return the text of a message without its files."""
    parts = _parts(message)
    if parts is None:
        return message.content if message.content_type != "audio" else ""
    return "\n".join(part.text for part in parts if isinstance(part, TextPart))


def _parts(message: ContextMessage) -> tuple[ContentPart, ...] | None:
    if message.content_type != "object_string":
        return None
    try:
        return parse_parts(message.content)
    except InvalidField:
        return None


def _is_read(part: ContentPart, images: bool) -> bool:
    return isinstance(part, FilePart) or (images and isinstance(part, ImagePart))


def _note(part: ContentPart, images: bool) -> dict[str, Any]:
    """Return what the model gets for a part without reading a file."""
    match part:
        case TextPart(text=text):
            return _text(text)
        case AudioPart():
            return _text("[a recording that you cannot hear]")
        case ImagePart() if not images:
            return _text("[an image that you cannot see]")
        case _:
            return _text("[an earlier file, left out]")


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


async def _shown(file: Fetched, detail: str | None) -> dict[str, Any]:
    """A picture as a part. Raises FetchError if it is none."""
    return {"type": "image", "file_url": await _data_url(file), **({"detail": detail} if detail else {})}


async def _data_url(file: Fetched) -> str:
    """Encode the picture as base64, in steps of a few ms. Raises FetchError if it is not a picture."""
    kind = picture_type(file.content)
    if not kind:
        raise FetchError("it is not a PNG, JPEG, GIF or WebP image")
    pieces = [f"data:{kind};base64,"]
    for start in range(0, len(file.content), _ENCODED_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        pieces.append(base64.b64encode(file.content[start : start + _ENCODED_AT_ONCE]).decode())
    return "".join(pieces)
