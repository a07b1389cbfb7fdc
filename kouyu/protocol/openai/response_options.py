"""What a ``response.create`` asks for besides an answer.

Without effect, and ignored: ``audio.output`` (voice and format are those of the session), ``prompt``, ``reasoning`` and
``parallel_tool_calls``. Refused: ``conversation`` ``none`` and ``input``, an answer apart from the conversation.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.object_ranges import MetaData
from kouyu.domain.options import AnswerOptions
from kouyu.domain.text_ranges import Text
from kouyu.protocol.openai.faults import RefusedEvent
from kouyu.protocol.openai.response_events import Modality
from kouyu.protocol.openai.session_settings import (
    SessionSettings,
    read_modalities,
    read_tokens,
    read_tool_choice,
    read_tools,
)

_INSTRUCTIONS: Final = Text(65_536)
_METADATA: Final = MetaData()


class ResponseOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one answer, and what its response object repeats of them."""

    answer: AnswerOptions
    output_modalities: tuple[Modality, ...]
    max_output_tokens: int | Literal["inf"]
    metadata: dict[str, str] | None = None


def session_options(settings: SessionSettings) -> ResponseOptions:
    """The options of an answer for which no client has asked."""
    return ResponseOptions(
        answer=AnswerOptions(),
        output_modalities=settings.output_modalities,
        max_output_tokens=settings.max_output_tokens or "inf",
    )


def read_options(response: Mapping[str, Any], settings: SessionSettings) -> ResponseOptions:
    """Read the ``response`` of a ``response.create``; null is as if it were left out. Raises InvalidField or
    RefusedEvent."""
    given = {name: value for name, value in response.items() if value is not None}
    if given.get("conversation", "auto") != "auto":
        raise _unsupported("response.conversation", "auto: every answer belongs to the session's conversation")
    if "input" in given:
        raise _unsupported("response.input", "nothing: an answer is to the session's conversation")
    answer: dict[str, Any] = {}
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
    metadata = given.get("metadata")
    return ResponseOptions(
        answer=AnswerOptions(**answer),
        output_modalities=modalities,
        max_output_tokens=tokens or "inf",
        metadata=None if metadata is None else _METADATA.check("response.metadata", metadata),
    )


def _unsupported(field: str, allowed: str) -> RefusedEvent:
    return RefusedEvent("unsupported_parameter", f"{field} is not supported here; allowed: {allowed}", field)
