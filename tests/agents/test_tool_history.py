"""Tools of earlier turns, from the messages that are kept of them to what a model is sent."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.agents.agent import ContextMessage
from kouyu.agents.context import chat_messages, with_own_ids, within_budget
from kouyu.agents.tool_history import ToolMessage, with_tool_rounds
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.domain.tool_round import call_content
from tests.standins.openai_server import fault_of

QUESTION = ContextMessage(role="user", content="Weather?")
ANSWER = ContextMessage(role="assistant", content="Sunny.")


def call(call_id: str, city: str = "Paris") -> ToolMessage:
    made = ToolCall(id=call_id, function=Function("weather", msgspec.json.encode({"city": city}).decode()))
    return ToolMessage(type="function_call", content=call_content(made), call_id=call_id)


def output(call_id: str, text: str) -> ToolMessage:
    return ToolMessage(type="tool_response", content=text, call_id=call_id)


def unnamed(message: ToolMessage) -> ToolMessage:
    """As a client brings it, or an older kouyu kept it."""
    return msgspec.structs.replace(message, call_id="")


def sent(*messages: ContextMessage | ToolMessage) -> list[dict[str, Any]]:
    return with_own_ids(chat_messages(with_tool_rounds(messages)))


def outputs(*messages: ContextMessage | ToolMessage) -> list[tuple[str, str]]:
    """The arguments of each call and what is told of it."""
    chat = sent(*messages)
    assert refusal(chat) == ""
    calls = [each for message in chat for each in message.get("tool_calls", ())]
    told = {message["tool_call_id"]: message["content"] for message in chat if message["role"] == "tool"}
    return [(msgspec.json.decode(each["function"]["arguments"]).get("city"), told[each["id"]]) for each in calls]


def refusal(chat: list[dict[str, Any]]) -> str:
    """What OpenAI, or the stricter templates of Mistral's models, would refuse."""
    if fault := fault_of({"model": "m", "messages": chat}) if chat else "":
        return fault
    allowed = {"": {"user", "assistant"}, "user": {"assistant"}, "assistant": {"user"}, "calls": {"tool"}}
    allowed["tool"] = {"tool", "assistant", "calls"}
    before = ""
    ids = [each["id"] for message in chat for each in message.get("tool_calls", ())]
    if len(ids) != len(set(ids)):
        return "two calls have one id"
    for message in chat:
        role = "calls" if message.get("tool_calls") else message["role"]
        if role not in allowed[before] and not (role == "calls" and "assistant" in allowed[before]):
            return f"unexpected role {role} after role {before}"
        before = role
        for each in message.get("tool_calls", ()):
            if not isinstance(msgspec.json.decode(each["function"]["arguments"]), dict):
                return "arguments that are no object"
    return ""


def test_a_round_stands_where_its_calls_were() -> None:
    chat = sent(QUESTION, call("a"), call("b", "London"), output("a", "sun"), output("b", "rain"), ANSWER)
    assert [message["role"] for message in chat] == ["user", "assistant", "tool", "tool", "assistant"]
    assert outputs(QUESTION, call("a"), call("b", "London"), output("b", "rain"), output("a", "sun")) == [
        ("Paris", "sun"),
        ("London", "rain"),
    ]


def test_rounds_one_after_the_other_stay_apart() -> None:
    chat = sent(QUESTION, call("a"), output("a", "sun"), call("b"), output("b", "rain"), ANSWER)
    assert [message["role"] for message in chat] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]


def test_a_call_whose_output_never_came_is_told_as_such() -> None:
    ((_, told),) = outputs(QUESTION, call("a"), QUESTION)
    assert told.startswith("No result")


def test_ids_that_a_server_uses_again_lead_to_the_right_outputs() -> None:
    first, second = (msgspec.structs.replace(call("a", city), chat_id=city) for city in ("Paris", "London"))
    gave = [
        msgspec.structs.replace(output("a", text), chat_id=city)
        for text, city in (("sun", "Paris"), ("rain", "London"))
    ]
    assert outputs(QUESTION, first, gave[0], ANSWER, QUESTION, second, gave[1]) == [
        ("Paris", "sun"),
        ("London", "rain"),
    ]
    assert outputs(QUESTION, first, ANSWER, QUESTION, second, gave[1])[1] == ("London", "rain")
    calls = [call("a"), call("b", "London"), output("a", "sun"), output("b", "rain")]
    row: list[ContextMessage | ToolMessage] = [*calls, ANSWER, QUESTION]
    assert [text for _, text in outputs(QUESTION, *row, *row)] == ["sun", "rain", "sun", "rain"]
    again = msgspec.structs.replace(call("a", "Rome"), chat_id="Paris")
    assert outputs(QUESTION, first, gave[0], again, ANSWER)[0] == ("Paris", "sun")


def test_an_output_that_comes_behind_another_turn_goes_to_its_call() -> None:
    assert outputs(QUESTION, call("a"), QUESTION, ANSWER, output("a", "sun"), ANSWER, QUESTION) == [("Paris", "sun")]


def test_outputs_without_ids_go_to_the_calls_before_them_by_their_place() -> None:
    brought = [call("a"), call("b", "London"), output("a", "sun"), output("b", "rain")]
    told = outputs(QUESTION, *map(unnamed, brought), ANSWER)
    assert told == [("Paris", "sun"), ("London", "rain")]


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"name": ""}', '{"name": 7}', '"name"'])
def test_a_call_that_cannot_be_read_is_left_out_with_its_output(content: str) -> None:
    broken = ToolMessage(type="function_call", content=content)
    assert outputs(QUESTION, broken, unnamed(call("b")), *(unnamed(output("", text)) for text in ("1", "2"))) == [
        ("Paris", "2")
    ]


def test_arguments_that_are_no_object_are_made_one() -> None:
    for arguments in ('{"city": ', "7", ""):
        written = msgspec.json.encode({"name": "weather", "arguments": arguments}).decode()
        chat = sent(QUESTION, ToolMessage(type="function_call", content=written), ANSWER)
        assert refusal(chat) == ""


def test_arguments_may_be_an_object_as_on_other_servers() -> None:
    written = ToolMessage(type="function_call", content='{"name": "weather", "arguments": {"city": "Rome"}}')
    assert outputs(QUESTION, written, ToolMessage(type="tool_output", content="hot")) == [("Rome", "hot")]


messages = st.lists(
    st.one_of(
        st.sampled_from([QUESTION, ANSWER]),
        st.builds(call, st.sampled_from("abc")),
        st.builds(output, st.sampled_from("abcd"), st.sampled_from(["sun", ""])),
        st.builds(lambda made: unnamed(made), st.builds(call, st.just(""))),
        st.builds(lambda made: unnamed(made), st.builds(output, st.just(""), st.just("rain"))),
    ),
    max_size=12,
)


@given(messages, st.integers(20, 300))
def test_whatever_is_kept_is_well_formed_for_a_model(
    kept: list[ContextMessage | ToolMessage], budget_tokens: int
) -> None:
    context = with_tool_rounds([*kept, QUESTION])
    for shown in (context, within_budget(context, budget_tokens)):
        assert refusal(with_own_ids(chat_messages(shown))) == ""
