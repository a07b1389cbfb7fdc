"""The answers of ``POST chat/completions``: whole, and in chunks."""

import base64
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from kouyu.agents.agent import TokenUsage
from kouyu.domain.tool_calls import ToolCall

FinishReason = Literal["stop", "length", "tool_calls"]
AUDIO_KEPT_S: Final = 3_600
"""How long an answer's audio can be named by its id, in seconds."""


class CompletionUsage(Struct, frozen=True, kw_only=True):
    """Tokens, as the model counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class SpokenAudio(Struct, frozen=True, kw_only=True):
    """The spoken answer."""

    id: str
    data: Annotated[str, Meta(description="The file, as base64.")]
    expires_at: int
    transcript: str


class AnswerMessage(Struct, frozen=True, kw_only=True):
    """The answer. ``reasoning_content``: what the model thought before it, if it tells."""

    content: str | None
    role: Literal["assistant"] = "assistant"
    refusal: None = None
    tool_calls: tuple[ToolCall, ...] | UnsetType = UNSET
    audio: SpokenAudio | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET


class Choice(Struct, frozen=True, kw_only=True):
    """The only answer."""

    message: AnswerMessage
    finish_reason: FinishReason
    index: int = 0
    logprobs: None = None


class Completion(Struct, frozen=True, kw_only=True):
    """A whole answer; with ``stream`` it comes in chunks."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: CompletionUsage
    object: Literal["chat.completion"] = "chat.completion"


def usage_of(tokens: TokenUsage) -> CompletionUsage:
    """The tokens of an answer."""
    spent_in, spent_out = tokens.input_tokens, tokens.output_tokens
    return CompletionUsage(prompt_tokens=spent_in, completion_tokens=spent_out, total_tokens=spent_in + spent_out)


class Chunks:
    """Makes the chunks of one answer."""

    def __init__(self, completion_id: str, created: int, model: str, *, include_usage: bool) -> None:
        """``include_usage``: each chunk has ``usage``, which is null but for the last one."""
        self._envelope = {
            "id": completion_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._usage = {"usage": None} if include_usage else {}

    def begin(self, *, is_spoken: bool) -> dict[str, Any]:
        """The first chunk."""
        return self._chunk({"role": "assistant", "content": None if is_spoken else "", "refusal": None})

    def text(self, text: str) -> dict[str, Any]:
        """The next characters of the answer."""
        return self._chunk({"content": text})

    def thought(self, text: str) -> dict[str, Any]:
        """The next characters of the model's reasoning."""
        return self._chunk({"reasoning_content": text})

    def transcript(self, audio_id: str, text: str) -> dict[str, Any]:
        """The next characters of a spoken answer."""
        return self._chunk({"audio": {"id": audio_id, "transcript": text}})

    def audio(self, audio_id: str, data: bytes) -> dict[str, Any]:
        """The next piece of a spoken answer's file."""
        return self._chunk({"audio": {"id": audio_id, "data": base64.b64encode(data).decode()}})

    def audio_end(self, audio_id: str, expires_at: int) -> dict[str, Any]:
        """The end of a spoken answer's file."""
        return self._chunk({"audio": {"id": audio_id, "expires_at": expires_at}})

    def calls(self, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
        """Tools that the client is to run."""
        shown = [
            {"index": index, "id": call.id, "type": call.type, "function": call.function}
            for index, call in enumerate(calls)
        ]
        return self._chunk({"tool_calls": shown})

    def end(self, reason: FinishReason) -> dict[str, Any]:
        """The end of the answer."""
        return self._chunk({}, reason)

    def usage(self, tokens: TokenUsage) -> dict[str, Any]:
        """The chunk behind the end, where ``include_usage`` is asked for."""
        return {**self._envelope, "choices": [], "usage": usage_of(tokens)}

    def _chunk(self, delta: dict[str, Any], reason: FinishReason | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._envelope, "choices": [choice], **self._usage}
