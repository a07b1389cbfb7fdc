"""What a ``response.create`` asks for besides an answer.

Without effect, and ignored: ``prompt``, ``reasoning`` and ``parallel_tool_calls``.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.object_ranges import MetaData
from kouyu.domain.options import AnswerOptions
from kouyu.domain.text_ranges import Choice, Text
from kouyu.protocol.openai.audio_formats import AudioFormat
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.core_settings import CODECS
from kouyu.protocol.openai.function_tools import read_tool_choice, read_tools
from kouyu.protocol.openai.inline_media import InlineMedia
from kouyu.protocol.openai.response_events import Modality
from kouyu.protocol.openai.response_input import read_input
from kouyu.protocol.openai.session_object import format_object
from kouyu.protocol.openai.session_settings import (
    SessionSettings,
    read_format,
    read_modalities,
    read_tokens,
    read_voice,
)

_INSTRUCTIONS: Final = Text(65_536)
_METADATA: Final = MetaData()
_CONVERSATION: Final = Choice(("auto", "none"))


class ResponseOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one answer, and what its response object repeats of them."""

    answer: AnswerOptions
    output_modalities: tuple[Modality, ...]
    max_output_tokens: int | Literal["inf"]
    metadata: dict[str, str] | None = None
    voice: str | None = None
    """Its voice; None: that of the session."""
    audio_format: AudioFormat | None = None
    """The format of its audio; None: that of the session."""

    @property
    def own_output(self) -> dict[str, Any]:
        """What ``output_object`` has of the session, and this answer of its own."""
        voice = {} if self.voice is None else {"voice": self.voice}
        return voice if self.audio_format is None else voice | {"format": format_object(self.audio_format)}

    def after_tools(self, settings: SessionSettings) -> AnswerOptions:
        """The options of an answer that goes on: those that are the session's come before those of the answer so
        far."""
        return msgspec.structs.replace(
            self.answer,
            spoken=self.output_modalities == ("audio",),
            voice=self.voice or settings.voice or "",
            codec=CODECS[self.audio_format or settings.output_format],
        )

    @property
    def is_apart(self) -> bool:
        """Whether the answer is no part of the conversation."""
        return self.answer.is_apart


def session_options(settings: SessionSettings) -> ResponseOptions:
    """The options of an answer for which no client has asked."""
    return ResponseOptions(
        answer=AnswerOptions(),
        output_modalities=settings.output_modalities,
        max_output_tokens=settings.max_output_tokens or "inf",
    )


def read_options(
    response: Mapping[str, Any], settings: SessionSettings, items: ConversationItems, media: InlineMedia
) -> ResponseOptions:
    """Read the ``response`` of a ``response.create``; null is as if it were left out. ``items``: those that ``input``
    may name; ``media``: what is inside those that it gives. Raises InvalidField or RefusedEvent."""
    given = {name: value for name, value in response.items() if value is not None}
    answer: dict[str, Any] = {}
    if _CONVERSATION.check("response.conversation", given.get("conversation", "auto")) == "none":
        answer["kept"] = False
    if "input" in given:
        answer["context"] = read_input(given["input"], "response.input", items, media)
    modalities, tokens = settings.output_modalities, settings.max_output_tokens
    if "output_modalities" in given:
        modalities = read_modalities(given["output_modalities"], "response.output_modalities")
        answer["spoken"] = modalities == ("audio",)
    if "max_output_tokens" in given:
        answer["max_output_tokens"] = tokens = read_tokens(given["max_output_tokens"], "response.max_output_tokens")
    if "instructions" in given:
        instructions = _INSTRUCTIONS.check("response.instructions", given["instructions"])
        answer["instructions"] = instructions or None
    if "tools" in given:
        answer["tools"] = read_tools(given["tools"], "response.tools")
    if "tool_choice" in given:
        answer["tool_choice"], _ = read_tool_choice(given["tool_choice"], "response.tool_choice")
    output = _object(_object(given.get("audio"), "response.audio").get("output"), "response.audio.output")
    voice, audio_format = output.get("voice"), output.get("format")
    if voice is not None:
        voice = read_voice(voice, "response.audio.output.voice")
        answer["voice"] = None if voice == settings.voice else voice
    if audio_format is not None:
        audio_format = read_format(audio_format, "response.audio.output.format")
        answer["codec"] = None if audio_format == settings.output_format else CODECS[audio_format]
    metadata = given.get("metadata")
    return ResponseOptions(
        answer=AnswerOptions(**answer),
        output_modalities=modalities,
        max_output_tokens=tokens or "inf",
        metadata=None if metadata is None else _METADATA.check("response.metadata", metadata),
        voice=voice,
        audio_format=audio_format,
    )


def _object(value: object, path: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, "an object")
    return value
