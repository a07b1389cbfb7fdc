"""What a ``response.create`` asks for besides an answer.

Without effect, and ignored: ``audio.output.format`` (that of the session), ``prompt``, ``reasoning`` and
``parallel_tool_calls``.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.object_ranges import MetaData
from kouyu.domain.options import AnswerOptions
from kouyu.domain.text_ranges import Choice, Text
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.response_events import Modality
from kouyu.protocol.openai.response_input import read_input
from kouyu.protocol.openai.session_settings import (
    SessionSettings,
    read_modalities,
    read_tokens,
    read_tool_choice,
    read_tools,
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

    @property
    def is_apart(self) -> bool:
        """Whether the answer is no part of the conversation."""
        return self.answer.kept is False


def session_options(settings: SessionSettings) -> ResponseOptions:
    """The options of an answer for which no client has asked."""
    return ResponseOptions(
        answer=AnswerOptions(),
        output_modalities=settings.output_modalities,
        max_output_tokens=settings.max_output_tokens or "inf",
    )


def read_options(response: Mapping[str, Any], settings: SessionSettings, items: ConversationItems) -> ResponseOptions:
    """Read the ``response`` of a ``response.create``; null is as if it were left out. ``items``: those that ``input``
    may name. Raises InvalidField or RefusedEvent."""
    given = {name: value for name, value in response.items() if value is not None}
    answer: dict[str, Any] = {}
    if _CONVERSATION.check("response.conversation", given.get("conversation", "auto")) == "none":
        answer["kept"] = False
    if "input" in given:
        answer["context"] = read_input(given["input"], "response.input", items)
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
    voice = _voice(given.get("audio"), "response.audio")
    if voice is not None and voice != settings.voice:
        answer["voice"] = voice
    metadata = given.get("metadata")
    return ResponseOptions(
        answer=AnswerOptions(**answer),
        output_modalities=modalities,
        max_output_tokens=tokens or "inf",
        metadata=None if metadata is None else _METADATA.check("response.metadata", metadata),
        voice=voice,
    )


def _voice(audio: object, path: str) -> str | None:
    for name in ("output", "voice"):
        if audio is None:
            return None
        if not isinstance(audio, Mapping):
            raise InvalidField(path, audio, "an object")
        audio, path = audio.get(name), f"{path}.{name}"
    return None if audio is None else read_voice(audio, path)
