"""What the fields of a completion's body ask for."""

from typing import Any

import msgspec
import pytest

from kouyu.domain.errors import ProtocolError
from kouyu.domain.options import AnswerOptions, ToolDefinition
from kouyu.server.openai_api.chat_body import CompletionBody, options_of

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def options(**fields: Any) -> AnswerOptions:
    body = {"model": "kouyu", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return options_of(msgspec.convert(body, CompletionBody), "Be brief.")


def test_without_fields_only_instructions_and_no_tools_are_asked_for() -> None:
    assert options() == AnswerOptions(instructions="Be brief.", tools=())


def test_sampling_is_passed_on() -> None:
    given: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "seed": 7,
    }
    asked = options(**given, max_tokens=9, stop="END", response_format={"type": "json_object"})
    assert asked == AnswerOptions(
        instructions="Be brief.",
        tools=(),
        max_output_tokens=9,
        stop=("END",),
        response_format={"type": "json_object"},
        **given,
    )
    assert options(max_tokens=9, max_completion_tokens=8).max_output_tokens == 8
    assert options(stop=["", "a"]).stop == ("a",)
    assert options(stop=[]).stop is None
    assert options(response_format={"type": "text"}).response_format is None


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, "weather"),
    ],
)
def test_the_clients_tools_are_offered(choice: Any, asked: str) -> None:
    told = options(tools=[WEATHER], tool_choice=choice)
    assert told.tools == (ToolDefinition(name="weather", parameters={"type": "object"}),)
    assert told.tool_choice == asked


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"n": 2}, ["n", "1"]),
        ({"logprobs": True}, ["logprobs"]),
        ({"tool_choice": "maybe"}, ["tool_choice", "maybe", "required"]),
        ({"tool_choice": {"type": "function", "function": {"name": "other"}}}, ["tool_choice", "other"]),
        ({"stop": ["a"] * 5}, ["stop", "4"]),
        ({"stop": 7}, ["stop", "7"]),
        ({"response_format": {"type": "xml"}}, ["response_format", "xml", "json_object"]),
        ({"response_format": "json"}, ["response_format", "json_object"]),
    ],
)
def test_what_is_not_possible_is_refused_by_name(fields: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(ProtocolError) as told:
        options(**fields)
    assert all(name in told.value.msg for name in named), told.value.msg
