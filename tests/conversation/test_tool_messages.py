"""What a chat's tools were asked and what they gave: kept, and told where it splits no answer (downlink.md 6.3)."""

from collections.abc import Iterator

import pytest

from kouyu.conversation.effects import Effect, SaveMessage, StartReply
from kouyu.conversation.inputs import (
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    ReplyToolsCalled,
    ReplyToolsRan,
)
from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.domain.requests import SubmitOutputs
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent
from tests.conversation.simulation import Engines, Report, Simulation

HERE = (ToolCall(id="here", function=Function("add", '{"a": 2}')),)
SUM = ToolRound(calls=HERE, outputs=(ToolOutput(tool_call_id="here", output="5"),))
THERE = tuple(ToolCall(id=f"there {n}", function=Function("weather", "{}")) for n in (1, 2))
GIVEN = tuple(ToolOutput(tool_call_id=call.id, output=f"from {call.id}") for call in THERE)


class EnginesWithTools(Engines):
    """An agent that runs a tool of its own, asks for two of the client's, and answers."""

    said_before = ""
    ends_in = "an answer"

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case StartReply(number, _, rounds) if len(rounds) < 2:
                if self.said_before:
                    yield 0.05, ReplyDelta(number, self.said_before)
                yield 0.1, ReplyToolsCalled(number, HERE)
                yield 0.6, ReplyToolsRan(number, SUM)
                yield 0.7, ReplyToolCalls(number, THERE)
            case StartReply(number) if self.ends_in == "failure":
                yield 0.1, ReplyFailed(number, "broken")
            case _:
                yield from super().reports(order)


def talking(said_before: str = "") -> Simulation:
    engines = EnginesWithTools()
    engines.said_before = said_before
    return Simulation(engines)


def submit(talk: Simulation, *outputs: ToolOutput) -> None:
    asked = [event.data for event in talk.events if event.event_type == "conversation.chat.requires_action"]
    assert isinstance(asked[-1], Chat)
    talk.give(SubmitOutputs(chat_id=asked[-1].id, outputs=outputs or GIVEN))


def shown(talk: Simulation) -> list[str]:
    """Events of the chat in order, pieces and audio once."""
    names: list[str] = []
    for event in talk.events:
        match event:
            case DownlinkEvent("conversation.message.completed", Message(type=kind)):
                names.append(kind)
            case DownlinkEvent("conversation.message.delta", Message(content=content)) if content:
                names.append("piece")
            case DownlinkEvent(kind, Chat() | Cancellation()):
                names.append(kind.rpartition(".")[2])
            case _:
                pass
    return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1] or name != "piece"]


def kept(talk: Simulation) -> list[tuple[str, str, str]]:
    """Type, content and call of the messages about tools, and the types of all others."""
    return [
        (save.message.type, save.message.content if save.tool_call_id else "", save.tool_call_id)
        for save in talk.all(SaveMessage)
    ]


CALL_HERE = ("function_call", '{"name":"add","arguments":"{\\"a\\": 2}"}', "here")
OUTPUT_HERE = ("tool_response", "5", "here")
CALLS_THERE = [("function_call", '{"name":"weather","arguments":"{}"}', call.id) for call in THERE]
OUTPUTS_THERE = [("tool_response", output.output, output.tool_call_id) for output in GIVEN]
BEGIN = ["question", "created", "in_progress"]
FOUR = ["function_call", "tool_response", "function_call", "function_call"]


def test_tool_messages_are_sent_and_saved_before_the_answer() -> None:
    talk = talking()
    talk.write("What now?")
    talk.wait(1)
    submit(talk)
    talk.wait(10)
    outputs = ["tool_response", "tool_response"]
    end = ["piece", "answer", "verbose", "completed"]
    assert shown(talk) == [*BEGIN, *FOUR, "requires_action", *outputs, *end]
    tools = [CALL_HERE, OUTPUT_HERE, *CALLS_THERE, *OUTPUTS_THERE]
    assert kept(talk) == [("question", "", ""), *tools, ("answer", "", ""), ("verbose", "", "")]
    assert [done.calls for done in talk.all(StartReply)[-1].tool_rounds] == [HERE, THERE]


def test_outputs_are_kept_in_the_order_of_the_calls() -> None:
    talk = talking()
    talk.write("What now?")
    talk.wait(1)
    submit(talk, *reversed(GIVEN))
    assert [call for kind, _, call in kept(talk) if kind == "tool_response"] == ["here", "there 1", "there 2"]


def test_tool_messages_in_the_middle_of_an_answer_are_saved_at_once_and_sent_after_it() -> None:
    talk = talking("Let me see. ")
    talk.write("What now?")
    talk.wait(1)
    assert kept(talk)[1:] == [CALL_HERE, OUTPUT_HERE, *CALLS_THERE]
    submit(talk)
    talk.wait(10)
    end = ["answer", *FOUR, "tool_response", "tool_response", "verbose", "completed"]
    assert shown(talk) == [*BEGIN, "piece", "requires_action", "piece", *end]


@pytest.mark.parametrize("said_before", ["", "Let me see. "])
def test_a_call_is_kept_though_its_turn_is_cancelled_while_the_tool_runs(said_before: str) -> None:
    talk = talking(said_before)
    talk.write("What now?")
    talk.wait(0.3)
    talk.cancel()
    talk.wait(10)
    assert [each for each in kept(talk) if each[2]] == [CALL_HERE]
    assert shown(talk)[-2:] == ["function_call", "canceled"]


@pytest.mark.parametrize("said_before", ["", "Let me see. "])
def test_a_call_is_kept_though_its_turn_is_cancelled_while_the_client_runs_the_tool(said_before: str) -> None:
    talk = talking(said_before)
    talk.write("What now?")
    talk.wait(1)
    talk.cancel()
    submit(talk)
    talk.wait(10)
    assert [each for each in kept(talk) if each[2]] == [CALL_HERE, OUTPUT_HERE, *CALLS_THERE]
    assert shown(talk)[-1] == "canceled"
    assert shown(talk).count("function_call") == 3


def test_outputs_are_kept_though_their_turn_is_interrupted_before_the_answer_is_heard() -> None:
    talk = talking()
    talk.write("What now?")
    talk.wait(1)
    submit(talk)
    talk.write("Something else?")
    assert [each for each in kept(talk) if each[2]] == [CALL_HERE, OUTPUT_HERE, *CALLS_THERE, *OUTPUTS_THERE]


def test_tool_messages_are_sent_before_a_chat_fails_in_its_answer() -> None:
    talk = talking("Let me see. ")
    assert isinstance(talk.engines, EnginesWithTools)
    talk.engines.ends_in = "failure"
    talk.write("What now?")
    talk.wait(1)
    submit(talk)
    talk.wait(10)
    assert shown(talk)[-7:] == [*FOUR, "tool_response", "tool_response", "failed"]


def test_without_history_no_tool_message_is_saved_but_all_are_sent() -> None:
    talk = talking()
    talk.configure(chat_config={"auto_save_history": False})
    talk.write("What now?")
    talk.wait(1)
    submit(talk)
    talk.wait(10)
    assert kept(talk) == []
    assert shown(talk).count("function_call") == 3
    assert shown(talk).count("tool_response") == 3


def test_a_prepared_turn_sends_and_saves_no_tool_call() -> None:
    class AsksTheClient(Engines):
        def reports(self, order: Effect) -> Iterator[Report]:
            if isinstance(order, StartReply):
                yield 0.1, ReplyToolCalls(order.order, THERE)
            else:
                yield from super().reports(order)

    talk = Simulation(AsksTheClient())
    talk.speak(960)
    talk.silence(3000)
    assert len(talk.all(StartReply)) == 1
    assert kept(talk) == []
    talk.complete()
    talk.wait(0.5)
    assert shown(talk) == [*BEGIN, "function_call", "function_call", "requires_action"]


def test_a_tool_that_runs_keeps_the_answers_deadline_away() -> None:
    class Slow(Engines):
        def reports(self, order: Effect) -> Iterator[Report]:
            if isinstance(order, StartReply):
                yield 15, ReplyToolsCalled(order.order, HERE)
                yield 30, ReplyToolsRan(order.order, SUM)
                yield 45, ReplyDelta(order.order, "Five.")
                yield 45, ReplyFinished(order.order, 1, 1)
            else:
                yield from super().reports(order)

    talk = Simulation(Slow())
    talk.write("What now?")
    talk.wait(60)
    assert shown(talk)[-1] == "completed"
