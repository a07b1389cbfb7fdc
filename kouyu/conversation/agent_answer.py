"""The agent's answer to one question: its text so far, the tools it asked for, and how long the next part may take."""

from collections.abc import Sequence

from kouyu.conversation import chat_failures
from kouyu.conversation.client_tools import ClientTools
from kouyu.conversation.limits import Limits
from kouyu.domain.chats import Usage
from kouyu.domain.tool_calls import ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.text.growing_text import GrowingText


class AgentAnswer:
    """Follows the agent from the question to the end of its answer. It may wait for the client's tools meanwhile."""

    def __init__(self, *, limits: Limits, now: float) -> None:
        self._limits = limits
        self._progress_at = now
        self._tools = ClientTools()
        self._failure: str | None = None
        self.order: int | None = None
        """Number of the order that the agent works on; None if it has not been asked or its part is over."""
        self.text = GrowingText()
        self.finished = False
        """Whether the text is complete."""
        self.cut = ""
        """The limit that ended the text, or ""."""
        self.usage = Usage()

    @property
    def rounds(self) -> tuple[ToolRound, ...]:
        """The rounds of tools that have run, oldest first."""
        return self._tools.rounds

    @property
    def waits_for_client(self) -> bool:
        """Whether the agent waits for the outputs of the client's tools."""
        return self._tools.are_awaited

    def ask(self, order: int, now: float) -> None:
        """Note that the agent has been asked by the order with this number."""
        self.order = order
        self._progress_at = now

    def progress(self, now: float) -> None:
        """Restart the time-outs: the agent has come further, or somebody begins to wait for it only now."""
        self._progress_at = now

    def add(self, text: str, now: float) -> None:
        """Add the next characters of the text."""
        self._progress_at = now
        self.text.add(text)

    def withdraw(self, characters: int, now: float) -> str:
        """Remove and return the last characters of the text."""
        self._progress_at = now
        return self.text.withdraw(characters)

    def add_round(self, tools: ToolRound, now: float) -> None:
        """Add a round of tools that ran on the server."""
        self._progress_at = now
        self._tools.ran(tools)

    def ask_client(self, calls: Sequence[ToolCall], now: float) -> None:
        """Begin to wait for the outputs of the client's tools."""
        self.order = None
        self._progress_at = now
        self._tools.ask(tuple(calls))

    def submit(self, outputs: tuple[ToolOutput, ...]) -> ToolRound:
        """Take the outputs of the client's tools. Raises InvalidField unless they match the awaited calls."""
        return self._tools.submit(outputs)

    def spend(self, input_tokens: int, output_tokens: int) -> None:
        """Count tokens of the agent's model."""
        input_count, output_count = self.usage.input_count + input_tokens, self.usage.output_count + output_tokens
        self.usage = Usage(token_count=input_count + output_count, output_count=output_count, input_count=input_count)

    def finish(self, cut: str) -> None:
        """Note that the text is complete; ``cut`` names the limit that ended it, or is ""."""
        self.order = None
        self.cut = cut
        self.finished = True

    def fail(self, reason: str) -> None:
        """Note that the agent failed, before or in the middle of its answer."""
        self.order = None
        self._failure = reason

    def deadline(self, *, is_certain: bool) -> float | None:
        """When the answer is given up if nothing comes; ``is_certain``: the client has been told of the chat."""
        if self._tools.are_awaited:
            # The client is asked only after the turn is certain.
            return self._progress_at + self._limits.tool_outputs_s if is_certain else None
        if self.order is None:
            return None
        return self._progress_at + (self._limits.reply_stall_s if self.text else self._limits.reply_start_s)

    def failure(self, now: float, *, is_certain: bool) -> str | None:
        """Why the answer will not be completed; None while it still may be."""
        deadline = self.deadline(is_certain=is_certain)
        if self._failure is not None or deadline is None or now < deadline:
            return self._failure
        if self._tools.are_awaited:
            return chat_failures.no_tool_outputs(self._limits.tool_outputs_s)
        if self.text:
            return chat_failures.answer_stalled(self._limits.reply_stall_s)
        return chat_failures.no_answer(self._limits.reply_start_s)
