"""Tool calls of one chat: those that have run, and those that the client must run (downlink.md 5)."""

from kouyu.domain.errors import InvalidField
from kouyu.domain.tool_calls import ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound


class ClientTools:
    """The tool calls that one chat waits for, and the rounds that have run."""

    def __init__(self) -> None:
        self._calls: tuple[ToolCall, ...] = ()
        self.rounds: tuple[ToolRound, ...] = ()
        """Rounds of tools at the client and on the server, oldest first."""

    @property
    def awaited(self) -> tuple[ToolCall, ...]:
        """The calls without output."""
        return self._calls

    @property
    def are_awaited(self) -> bool:
        """Whether the chat waits for the client's tool outputs."""
        return bool(self._calls)

    def ran(self, tools: ToolRound) -> None:
        """Record a round of tools that ran on the server."""
        self.rounds = (*self.rounds, tools)

    def ask(self, calls: tuple[ToolCall, ...]) -> None:
        """Begin to wait for the outputs of ``calls``, at least one."""
        assert calls
        self._calls = calls

    def submit(self, outputs: tuple[ToolOutput, ...]) -> ToolRound:
        """Take the client's outputs; return the round, with its outputs in the order of its calls.

        Raises InvalidField, and goes on waiting, unless ``outputs`` has exactly one output for each awaited call.
        """
        wanted = {call.id for call in self._calls}
        given: dict[str, ToolOutput] = {}
        for output in outputs:
            if output.tool_call_id not in wanted:
                raise InvalidField("data.tool_outputs[].tool_call_id", output.tool_call_id, ", ".join(sorted(wanted)))
            if output.tool_call_id in given:
                raise InvalidField("data.tool_outputs[].tool_call_id", output.tool_call_id, "each call once")
            given[output.tool_call_id] = output
        if missing := wanted - given.keys():
            raise InvalidField("data.tool_outputs", len(outputs), f"an output for {', '.join(sorted(missing))} too")
        tools = ToolRound(calls=self._calls, outputs=tuple(given[call.id] for call in self._calls))
        self.rounds = (*self.rounds, tools)
        self._calls = ()
        return tools
