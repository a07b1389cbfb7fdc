"""Assembles one answer from the chunks of a chat completion."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from kouyu.agents.agent import AgentEvent, AnswerCut, TokenUsage, ToolCallRequest
from kouyu.agents.chat_completion import Chunk, Delta, ToolCallAssembly, UsageCount
from kouyu.agents.markup.filter import MarkupFilter
from kouyu.agents.token_estimate import MESSAGE_OVERHEAD, estimate_tokens
from kouyu.domain.tool_calls import ToolCall
from kouyu.text.growing_text import GrowingText

TOO_MANY_TOKENS: Final = "the answer was cut off: it reached the limit of tokens"


class StreamedAnswer:
    """Takes chunks, returns the text that may be spoken, and at the end the answer's tool calls and token usage."""

    def __init__(self, markup: MarkupFilter) -> None:
        self.ended = False
        """Whether the server has reported the answer as complete."""
        self.is_whole = False
        """Whether the model stopped by itself."""
        self.tokens = 0
        """Non-empty pieces so far, reasoning and tool calls included; most servers send one token in each."""
        self._markup = markup
        self._is_cut = False
        self._thoughts = ""
        self._thought_apart = GrowingText()
        self._repeats_thoughts = True
        self._said_so_far = GrowingText()
        self._withdrawn = ""
        self._tools = ToolCallAssembly()
        self._usage: UsageCount | None = None
        self._output_estimate = 0

    def take(self, chunk: Chunk) -> str:
        """Add a chunk, and return the text that can be spoken now, often none."""
        if chunk.usage is not None:
            self._usage = chunk.usage
        choice = chunk.choices[0] if chunk.choices else None
        if choice is None:
            return ""
        self.ended = self.ended or bool(choice.finish_reason)
        self.is_whole = self.is_whole or choice.finish_reason == "stop"
        self._is_cut = self._is_cut or choice.finish_reason == "length"
        delta = choice.delta or choice.message
        return self._take_delta(delta) if delta is not None else ""

    def _take_delta(self, delta: Delta) -> str:
        text, thought = delta.text, delta.thought
        if text or thought or delta.tool_calls:
            self.tokens += 1
            self._output_estimate += estimate_tokens(text) + estimate_tokens(thought)
        self._tools.add(delta.tool_calls or [])
        if thought and not len(self._thought_apart):
            self._markup.thoughts_come_apart()
        self._thoughts += thought
        self._thought_apart.add(thought)
        return self._said(self._markup.feed(text)) if text else ""

    def thoughts(self) -> str:
        """Return the reasoning since the last call. Some servers send all of it twice: then it counts once."""
        written = self._markup.thoughts()
        thoughts, self._thoughts = self._thoughts, ""
        thoughts, self._withdrawn = self._withdrawn + thoughts, ""
        if self._repeats_thoughts and written.strip():
            # Searched only until the repetition fails once, since each search covers all reasoning so far.
            self._repeats_thoughts = written.strip() in str(self._thought_apart)
        return thoughts + ("" if self._repeats_thoughts and len(self._thought_apart) else written)

    @property
    def withdrawn(self) -> int:
        """How many characters of returned text the latest chunk has shown to be a thought; ``thoughts`` has them."""
        return len(self._withdrawn)

    def rest(self) -> str:
        """Return the text held back until now."""
        return self._said(self._markup.finish())

    def calls(self) -> tuple[ToolCall, ...]:
        """Return the answer's tool calls; those written in its text only if the server reported none."""
        return self._tools.calls() or self._markup.calls.calls()

    @property
    def is_thought_alone(self) -> bool:
        """Whether the model stopped after reasoning, without an answer."""
        return (
            self.is_whole and not str(self._said_so_far).strip() and len(self._thought_apart) > 0 and not self.calls()
        )

    def _said(self, text: str) -> str:
        if self._markup.withdrawn():
            self._withdrawn, self._said_so_far = str(self._said_so_far), GrowingText()
        self._said_so_far.add(text)
        return text

    def end(self, messages: Sequence[dict[str, Any]]) -> Iterator[AgentEvent]:
        """Yield what follows the text: the tool calls, if any, or AnswerCut if the model reached its limit of tokens;
        then the token usage. Without the server's count it is estimated from ``messages`` and the answer."""
        calls = self.calls()
        if calls:
            yield ToolCallRequest(calls)
        elif self._is_cut:
            yield AnswerCut(TOO_MANY_TOKENS)
        if self._usage is not None:
            yield TokenUsage(self._usage.prompt_tokens, self._usage.completion_tokens)
            return
        called = sum(estimate_tokens(call.function.arguments) + MESSAGE_OVERHEAD for call in calls)
        yield TokenUsage(estimate_messages(messages), self._output_estimate + called)


def estimate_messages(messages: Sequence[dict[str, Any]]) -> int:
    """Estimate the tokens of OpenAI chat messages, without pictures."""
    return sum(_estimate_message(message) for message in messages)


def _estimate_message(message: dict[str, Any]) -> int:
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    arguments = sum(estimate_tokens(call["function"]["arguments"]) for call in message.get("tool_calls", ()))
    return MESSAGE_OVERHEAD + estimate_tokens(content) + arguments
