"""What the server sends of a response: one struct for each event, from ``response.created`` to ``response.done``."""

from typing import Any, Literal

import msgspec

from kouyu.protocol.openai.items import Absent, Item
from kouyu.protocol.openai.server_events import ServerEvent

ResponseStatus = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]
Modality = Literal["audio", "text"]


class TokenDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by what they stand for: the models here read and write text."""

    text_tokens: int
    audio_tokens: int = 0


class InputTokenDetails(msgspec.Struct, frozen=True, kw_only=True):
    """As TokenDetails; how many of them were in a cache is not known."""

    text_tokens: int
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class ResponseUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one response."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputTokenDetails
    output_token_details: TokenDetails


class StatusError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response failed."""

    type: Literal["server_error"] = "server_error"
    code: Literal["server_error"] = "server_error"
    message: str


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response is not complete."""

    type: Literal["cancelled", "incomplete", "failed"]
    reason: Literal["turn_detected", "client_cancelled", "max_output_tokens"] | Absent = msgspec.UNSET
    error: StatusError | Absent = msgspec.UNSET


class ResponseObject(msgspec.Struct, frozen=True, kw_only=True):
    """A response. ``metadata`` is that of the ``response.create``; ``usage`` is known at the end, at most.
    ``conversation_id`` None: it is apart from the conversation."""

    id: str
    object: Literal["realtime.response"] = "realtime.response"
    status: ResponseStatus
    status_details: StatusDetails | None = None
    output: tuple[Item, ...] = ()
    conversation_id: str | None
    output_modalities: tuple[Modality, ...]
    max_output_tokens: int | Literal["inf"] = "inf"
    audio: dict[str, Any]
    usage: ResponseUsage | None = None
    metadata: dict[str, str] | None = None


class ResponseCreated(ServerEvent, frozen=True, kw_only=True, tag="response.created"):
    """A response began."""

    response: ResponseObject


class ResponseDone(ServerEvent, frozen=True, kw_only=True, tag="response.done"):
    """A response is over, however it ended."""

    response: ResponseObject


class OutputItemAdded(ServerEvent, frozen=True, kw_only=True, tag="response.output_item.added"):
    """The response began an item."""

    response_id: str
    output_index: int
    item: Item


class OutputItemDone(ServerEvent, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of the response is final."""

    response_id: str
    output_index: int
    item: Item


class ResponsePart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer, without its audio."""

    type: Modality
    text: str | Absent = msgspec.UNSET
    transcript: str | Absent = msgspec.UNSET


class PartAdded(ServerEvent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """The answer began a part."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    part: ResponsePart


class PartDone(ServerEvent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """The part is final."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    part: ResponsePart


class TextDelta(ServerEvent, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """The next characters of an answer in writing."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    delta: str


class TextDone(ServerEvent, frozen=True, kw_only=True, tag="response.output_text.done"):
    """The whole text of an answer in writing."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    text: str


class TranscriptDelta(ServerEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"):
    """The next characters of a spoken answer."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    delta: str


class TranscriptDone(ServerEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"):
    """The whole text of a spoken answer."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    transcript: str


class AudioDelta(ServerEvent, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """The next audio of an answer, which is written as base64."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0
    delta: bytes


class AudioDone(ServerEvent, frozen=True, kw_only=True, tag="response.output_audio.done"):
    """All audio of an answer has been sent."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0


class ArgumentsDelta(ServerEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"):
    """The arguments of a call, in one piece."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str


class ArgumentsDone(ServerEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.done"):
    """The whole arguments of a call."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    name: str
    arguments: str
