"""Tools that run on the client's side in the middle of a chat (downlink.md 5)."""

from kouyu.agents.agent import ToolRound
from kouyu.protocol.downlink import ToolCall
from kouyu.protocol.errors import InvalidField
from kouyu.protocol.uplink import ToolOutput


class ClientTools:
    """The calls that one chat waits for, and the rounds that have run, the server's own among them."""

    def __init__(self) -> None:
        self._calls: tuple[ToolCall, ...] = ()
        self.rounds: tuple[ToolRound, ...] = ()

    @property
    def awaited(self) -> tuple[ToolCall, ...]:
        """The calls that wait."""
        return self._calls

    @property
    def are_awaited(self) -> bool:
        """The client has been asked and has not answered."""
        return bool(self._calls)

    def ask(self, calls: tuple[ToolCall, ...], rounds_before: tuple[ToolRound, ...]) -> None:
        """The agent waits for these calls, at least one; ``rounds_before`` have run on the server meanwhile."""
        assert calls
        self._calls = calls
        self.rounds = (*self.rounds, *rounds_before)

    def submit(self, outputs: tuple[ToolOutput, ...]) -> None:
        """The tools have run.

        Raises InvalidField, and goes on waiting, unless there is exactly one output for each call that waits.
        """
        wanted = {call.id for call in self._calls}
        given: set[str] = set()
        for output in outputs:
            if output.tool_call_id not in wanted:
                raise InvalidField("data.tool_outputs[].tool_call_id", output.tool_call_id, ", ".join(sorted(wanted)))
            if output.tool_call_id in given:
                raise InvalidField("data.tool_outputs[].tool_call_id", output.tool_call_id, "each call once")
            given.add(output.tool_call_id)
        if missing := wanted - given:
            raise InvalidField("data.tool_outputs", len(outputs), f"an output for {', '.join(sorted(missing))} too")
        self.rounds = (*self.rounds, ToolRound(calls=self._calls, outputs=outputs))
        self._calls = ()
