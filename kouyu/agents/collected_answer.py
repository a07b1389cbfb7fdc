"""One answer of a bot over all its requests to the model: several if tools run in between."""

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
from kouyu.text.growing_text import GrowingText


class CollectedAnswer:
    """The answer's text, its calls and its tokens so far."""

    def __init__(self) -> None:
        self.calls: tuple[ToolCall, ...] = ()
        """The tool calls of the model's latest completion."""
        self.usage = TokenUsage(0, 0)
        self.text = GrowingText()
        self.ends_in_space = True

    def begin(self) -> None:
        """Begin another completion."""
        self.calls = ()

    def take(self, event: AgentEvent) -> TextDelta | TextWithdrawn | ThoughtDelta | AnswerCut | None:
        """Record the event, and return what of it can be sent at once."""
        match event:
            case ThoughtDelta() | AnswerCut():
                return event
            case TextDelta(text):
                self.text.add(text)
                self.ends_in_space = text[-1:].isspace() if text else self.ends_in_space
                return event
            case TextWithdrawn(characters):
                self.text.withdraw(characters)
                self.ends_in_space = str(self.text)[-1:].strip() == ""
                return event
            case ToolCallRequest(calls):
                self.calls = calls
            case TokenUsage(spent_in, spent_out):
                self.usage = TokenUsage(self.usage.input_tokens + spent_in, self.usage.output_tokens + spent_out)
        return None
