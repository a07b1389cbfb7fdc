"""The tools of one chat: those that have run, and those that the client is to run (downlink.md 5)."""

from kouyu.protocol.downlink import ToolCall
from kouyu.protocol.errors import InvalidField
from kouyu.protocol.tool_round import ToolRound
from kouyu.protocol.uplink import ToolOutput


class ClientTools:
    """The calls that one chat waits for, and the rounds that have run."""

    def __init__(self) -> None:
        self._calls: tuple[ToolCall, ...] = ()
        self.rounds: tuple[ToolRound, ...] = ()
        """Oldest first, those of the server's own tools among them."""

    @property
    def awaited(self) -> tuple[ToolCall, ...]:
        """The calls that wait."""
        return self._calls

    @property
    def are_awaited(self) -> bool:
        """The client has been asked and has not answered."""
        return bool(self._calls)

    def ran(self, tools: ToolRound) -> None:
        """The server's own tools have run."""
        self.rounds = (*self.rounds, tools)

    def ask(self, calls: tuple[ToolCall, ...]) -> None:
        """The agent waits for these calls, at least one."""
        assert calls
        self._calls = calls

    def submit(self, outputs: tuple[ToolOutput, ...]) -> ToolRound:
        """The client's tools have run: the round with its outputs in the order of its calls.

        Raises InvalidField, and goes on waiting, unless there is exactly one output for each call that waits.
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
