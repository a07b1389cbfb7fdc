"""What of an agent's answer is known so far."""

from kouyu.agents.agent import (
    AgentEvent,
    AnswerCut,
    TextDelta,
    TextWithdrawn,
    ThoughtDelta,
    TokenUsage,
    ToolCallRequest,
)
from kouyu.domain.tool_calls import ToolCall
from kouyu.server.openai_api.chat_answers import FinishReason
from kouyu.text.growing_text import GrowingText


class AnswerState:
    """Collects the events of an answer."""

    def __init__(self) -> None:
        self._text = GrowingText()
        self._thoughts = GrowingText()
        self._is_cut = False
        self.calls: tuple[ToolCall, ...] = ()
        """Tools that the client is to run."""
        self.tokens = TokenUsage(0, 0)

    @property
    def text(self) -> str:
        """The answer."""
        return str(self._text).strip()

    @property
    def thoughts(self) -> str:
        """The model's reasoning."""
        return str(self._thoughts)

    @property
    def finish_reason(self) -> FinishReason:
        """Why it ended."""
        return "tool_calls" if self.calls else "length" if self._is_cut else "stop"

    def take(self, event: AgentEvent) -> None:
        """Add an event. Those about the server's tools are not shown to clients."""
        match event:
            case TextDelta(text):
                self._text.add(text)
            case TextWithdrawn(characters):
                self._text.withdraw(characters)
            case ThoughtDelta(text):
                self._thoughts.add(text)
            case ToolCallRequest(calls):
                self.calls = calls
            case AnswerCut():
                self._is_cut = True
            case TokenUsage():
                self.tokens = event
