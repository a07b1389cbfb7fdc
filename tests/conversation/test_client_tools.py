"""Tools on the client's side: asked for, run, and the chat goes on (downlink.md 5)."""

from collections.abc import Iterator

import pytest

from kouyu.conversation.effects import Effect, SaveChat, SaveMessage, Send, StartReply
from kouyu.conversation.inputs import ReplyDelta, ReplyToolCalls
from kouyu.conversation.limits import Limits
from kouyu.domain.chats import Chat, RequiredAction, Usage
from kouyu.domain.events import ActionRequired, SpeechDelta, SpeechPaused
from kouyu.domain.options import AnswerOptions
from kouyu.domain.requests import AnswerNow, SubmitOutputs
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.protocol.coze.downlink import DownlinkEvent, Sentence
from tests.conversation.simulation import Engines, Report, Simulation

CALLS = (
    ToolCall(id="call 1", function=Function("where_am_i", "{}")),
    ToolCall(id="call 2", function=Function("what_time", "{}")),
)
OUTPUTS = tuple(ToolOutput(tool_call_id=call.id, output="here and now") for call in CALLS)


class EnginesWithTools(Engines):
    """An agent that says something, asks for tools, and answers once they have run."""

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case StartReply(number, _, ()):
                yield 0.1, ReplyDelta(number, "Let me see")
                yield 0.2, ReplyToolCalls(number, CALLS, input_tokens=100, output_tokens=10)
            case _:
                yield from super().reports(order)


def asked(talk: Simulation) -> Chat:
    """The chat that waits for tools."""
    (event,) = [event for event in talk.events if event.event_type == "conversation.chat.requires_action"]
    assert isinstance(event.data, Chat)
    return event.data


def waiting_for_tools() -> Simulation:
    talk = Simulation(EnginesWithTools())
    talk.write("Where am I?")
    talk.wait(1)
    return talk


def submit(talk: Simulation, *outputs: ToolOutput, chat_id: str | None = None) -> None:
    talk.give(SubmitOutputs(chat_id=chat_id or asked(talk).id, outputs=outputs))


def test_the_client_is_told_which_tools_to_run() -> None:
    chat = asked(waiting_for_tools())
    assert chat.status == "requires_action"
    assert isinstance(chat.required_action, RequiredAction)
    assert chat.required_action.submit_tool_outputs.tool_calls == CALLS


def test_the_chat_continues_under_the_same_id_with_what_the_tools_gave() -> None:
    talk = waiting_for_tools()
    submit(talk, *OUTPUTS)
    talk.wait(10)
    again = talk.all(StartReply)[-1]
    assert [(done.calls, done.outputs) for done in again.tool_rounds] == [(CALLS, OUTPUTS)]
    assert again.question.chat_id == asked(talk).id
    completed = talk.events[-1]
    assert completed.event_type == "conversation.chat.completed"
    assert isinstance(completed.data, Chat)
    assert completed.data.id == asked(talk).id
    answer = [save.message.content for save in talk.all(SaveMessage) if save.message.type == "answer"]
    assert answer == ["Let me seeParis is the capital. It lies on the Seine."]


def test_what_the_agent_says_before_it_asks_is_spoken_while_the_tools_run() -> None:
    talk = waiting_for_tools()
    assert [event.data.text for event in talk.events if isinstance(event.data, Sentence)] == ["Let me see"]


def test_the_protocol_is_told_when_what_was_said_before_the_tools_has_been_sent() -> None:
    talk = waiting_for_tools()
    talk.wait(5)
    told = [effect.event for effect in talk.all(Send)]
    kinds = [type(event) for event in told if isinstance(event, ActionRequired | SpeechDelta | SpeechPaused)]
    assert kinds.count(SpeechPaused) == 1
    assert kinds[-1] is SpeechPaused
    assert kinds.index(ActionRequired) < kinds.index(SpeechPaused)
    assert SpeechDelta in kinds


@pytest.mark.parametrize(
    ("choice", "afterwards"), [("required", None), ("where_am_i", None), ("auto", "auto"), ("none", "none")]
)
def test_a_tool_that_must_be_called_need_not_be_called_again_once_it_has_run(
    choice: str, afterwards: str | None
) -> None:
    talk = Simulation(EnginesWithTools())
    talk.give(AnswerNow(options=AnswerOptions(tool_choice=choice, temperature=0.5)))
    talk.wait(1)
    submit(talk, *OUTPUTS)
    first, second = (order.options for order in talk.all(StartReply))
    assert (first.tool_choice, second.tool_choice) == (choice, afterwards)
    assert first.temperature == second.temperature == 0.5


def test_outputs_may_ask_that_a_tool_is_called_again() -> None:
    talk = Simulation(EnginesWithTools())
    talk.give(AnswerNow(options=AnswerOptions(tool_choice="required")))
    talk.wait(1)
    again = AnswerOptions(tool_choice="what_time")
    talk.give(SubmitOutputs(chat_id=asked(talk).id, outputs=OUTPUTS, options=again))
    assert [order.options.tool_choice for order in talk.all(StartReply)] == ["required", "what_time"]


@pytest.mark.parametrize(
    ("outputs", "fault"),
    [
        (OUTPUTS[:1], "call 2"),
        ((*OUTPUTS, ToolOutput(tool_call_id="call 3", output="?")), "call 3"),
        ((*OUTPUTS, OUTPUTS[0]), "call 1"),
    ],
)
def test_wrong_outputs_are_an_error_and_the_chat_continues_waiting(outputs: tuple[ToolOutput, ...], fault: str) -> None:
    talk = waiting_for_tools()
    submit(talk, *outputs)
    assert talk.event_types[-1] == "error"
    assert fault in str(talk.events[-1].data)
    submit(talk, *OUTPUTS)
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_an_error_carries_what_it_is_about() -> None:
    talk = waiting_for_tools()
    for chat_id in (asked(talk).id, "7"):
        talk.give(SubmitOutputs(chat_id=chat_id, outputs=(), origin="what was sent"))
        assert (talk.events[-1].event_type, talk.events[-1].origin_message) == ("error", "what was sent")


def test_the_tokens_spent_before_the_tools_ran_count_too() -> None:
    talk = waiting_for_tools()
    submit(talk, *OUTPUTS)
    talk.wait(10)
    done = talk.events[-1].data
    assert isinstance(done, Chat)
    assert done.usage == Usage(token_count=155, output_count=38, input_count=117)


def test_outputs_for_a_chat_that_never_asked_are_an_error() -> None:
    talk = waiting_for_tools()
    submit(talk, *OUTPUTS, chat_id="7")
    assert talk.event_types[-1] == "error"
    idle = Simulation()
    submit(idle, *OUTPUTS, chat_id="7")
    assert idle.event_types[-1] == "error"


def test_outputs_that_cross_with_an_interruption_are_no_error() -> None:
    talk = waiting_for_tools()
    talk.cancel()
    submit(talk, *OUTPUTS)
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.canceled"
    assert talk.all(SaveChat)[-1].chat.status == "canceled"


def test_outputs_submitted_twice_are_no_error() -> None:
    talk = waiting_for_tools()
    submit(talk, *OUTPUTS)
    submit(talk, *OUTPUTS)
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.completed"
    assert "error" not in talk.event_types


def test_tools_that_never_run_fail_the_chat() -> None:
    talk = waiting_for_tools()
    talk.wait(Limits().tool_outputs_s + 1)
    assert talk.event_types[-1] == "conversation.chat.failed"


def test_an_agent_that_asks_for_no_tool_at_all_fails_the_chat() -> None:
    class Confused(Engines):
        def reports(self, order: Effect) -> Iterator[Report]:
            if isinstance(order, StartReply):
                yield 0.1, ReplyToolCalls(order.order, ())

    talk = Simulation(Confused())
    talk.write("hello")
    talk.wait(1)
    assert talk.event_types[-1] == "conversation.chat.failed"


def test_a_prepared_turn_asks_for_no_tool_before_it_is_certain() -> None:
    talk = Simulation(EnginesWithTools())
    talk.speak(960)
    talk.silence(5000)
    assert len(talk.all(StartReply)) == 1
    assert "conversation.chat.requires_action" not in talk.event_types
    # However long the button was held: the client's time begins when it is asked.
    talk.wait(Limits().tool_outputs_s + 10)
    talk.complete()
    talk.wait(Limits().tool_outputs_s - 10)
    assert talk.event_types[-1] != "conversation.chat.failed"
    submit(talk, *OUTPUTS)
    talk.wait(10)
    assert talk.events[-1] == DownlinkEvent("conversation.chat.completed", talk.all(SaveChat)[-1].chat)
