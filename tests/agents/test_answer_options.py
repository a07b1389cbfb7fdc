"""What a client asks of the answers: instructions, tools, limits; system messages; an answer without a question."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from kouyu.agents.agent import AgentError, AgentRequest, AnswerCut, ContextMessage, TextDelta, TokenUsage
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition, Example, Guidance
from kouyu.agents.context import truncated
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.draft import DRAFT_TOKENS
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.streamed_answer import TOO_MANY_TOKENS
from kouyu.agents.token_estimate import MESSAGE_OVERHEAD, estimate_tokens
from kouyu.agents.tool_history import as_message
from kouyu.domain.options import AnswerOptions, ToolDefinition, Truncation
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from tests.standins.openai_server import OpenAIStandIn, Say

OWN = {"type": "function", "function": {"name": "own", "description": "", "parameters": {"type": "object"}}}
WEATHER = ToolDefinition(name="weather", description="The weather.", parameters={"type": "object"})
TIME = ToolDefinition(name="time")
CALL = ToolCall(id="c", function=Function("weather", "{}"))
RAN = ToolRound(calls=(CALL,), outputs=(ToolOutput(tool_call_id="c", output="sun"),))


def said(role: Any, content: str) -> ContextMessage:
    return ContextMessage(role=role, content=content)


QUESTION = said("user", "Hi")


def asked(*messages: ContextMessage, **options: Any) -> AgentRequest:
    return AgentRequest(messages=messages or (QUESTION,), options=AnswerOptions(**options))


async def ask(endpoint: ModelEndpoint, request: AgentRequest, **definition: Any) -> list[Any]:
    guidance = definition.pop("guidance", None)
    current = CurrentModel(AskedModel(endpoint, guidance))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", **{"prompt": "", **definition}), current)
    events = [event async for event in bot.reply(request)]
    await bot.close()
    await current.close()
    return events


@pytest.fixture
async def bot(endpoint: ModelEndpoint) -> AsyncIterator[LanguageModelBot]:
    made = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt="Be kind."), endpoint)
    yield made
    await made.close()


async def test_instructions_take_the_place_of_the_prompt_and_of_the_bots_examples(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    definition = {"prompt": "Be kind.", "examples": (Example("Bye", "Goodbye!"),)}
    await ask(endpoint, asked(instructions="Speak like a {{pirate}}."), **definition)
    await ask(endpoint, asked(instructions=""), **definition)
    pirate, own = ([message["content"] for message in each.messages] for each in model.requests)
    assert pirate == ["Speak like a {{pirate}}.", "Hi"]
    assert own == ["Be kind.", "Bye", "Goodbye!", "Hi"]


async def test_the_guidance_of_a_small_model_stays_under_instructions(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    guidance = {"en": Guidance(examples=(Example("Who?", "Me."),))}
    await ask(endpoint, asked(instructions="Be a pirate."), guidance=guidance, examples=(Example("Bye", "Goodbye!"),))
    assert [message["content"] for message in model.requests[0].messages] == ["Be a pirate.", "Who?", "Me.", "Hi"]


async def test_tools_of_the_client_take_the_place_of_the_bots(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, asked(tools=(WEATHER,)), tools=(OWN,))
    await ask(endpoint, asked(tools=()), tools=(OWN,))
    await ask(endpoint, asked(), tools=(OWN,))
    function = {"name": "weather", "description": "The weather.", "parameters": {"type": "object"}}
    offered = [each.body.get("tools") for each in model.requests]
    assert offered == [[{"type": "function", "function": function}], None, [OWN]]


@pytest.mark.parametrize(
    ("choice", "sent", "offered"),
    [
        (None, None, ["weather", "time"]),
        ("auto", None, ["weather", "time"]),
        ("none", "none", ["weather", "time"]),
        ("required", "required", ["weather", "time"]),
        ("time", "required", ["time"]),
        ("unheard of", None, ["weather", "time"]),
    ],
)
async def test_the_choice_of_tools(
    model: OpenAIStandIn, endpoint: ModelEndpoint, choice: str | None, sent: str | None, offered: list[str]
) -> None:
    await ask(endpoint, asked(tools=(WEATHER, TIME), tool_choice=choice))
    body = model.requests[0].body
    assert body.get("tool_choice") == sent
    assert [tool["function"]["name"] for tool in body["tools"]] == offered


@pytest.mark.parametrize(
    ("choice", "calls", "offered"), [("none", None, None), ("required", 2, ["weather", "time"]), ("time", 1, ["time"])]
)
async def test_a_server_that_does_not_follow_the_choice_is_made_to(
    model: OpenAIStandIn, endpoint: ModelEndpoint, choice: str, calls: int | None, offered: list[str] | None
) -> None:
    lax = msgspec.structs.replace(endpoint, obeys_tool_choice=False)
    await ask(lax, asked(tools=(WEATHER, TIME), tool_choice=choice))
    body = model.requests[0].body
    assert "tool_choice" not in body
    names = [tool["function"]["name"] for tool in body["tools"]] if "tools" in body else None
    assert (names, len(body["json_schema"]["anyOf"]) if "json_schema" in body else None) == (offered, calls)


async def test_a_choice_without_tools_is_not_sent(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, asked(tool_choice="required"))
    assert "tool_choice" not in model.requests[0].body


async def test_options_go_to_the_model_in_place_of_the_bots(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    options = {"temperature": 0.8, "top_p": 0.5, "seed": 7, "stop": ("END",), "response_format": {"type": "text"}}
    await ask(endpoint, asked(max_output_tokens=9, **options), temperature=0.1, max_tokens=50, answers_in_json=True)
    body = model.requests[0].body
    sent = {name: body[name] for name in (*options, "max_tokens")}
    assert sent == {**options, "stop": ["END"], "max_tokens": 9}


async def test_an_answer_that_the_limit_of_tokens_ends_says_so(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(Say("One", " two", finish_reason="length"))
    events = await ask(endpoint, asked(max_output_tokens=2))
    assert events == [TextDelta("One"), TextDelta(" two"), AnswerCut(TOO_MANY_TOKENS), TokenUsage(11, 2)]


async def test_a_draft_counts_towards_the_limit_of_tokens(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    words = tuple(f" word{number}" for number in range(DRAFT_TOKENS))
    model.will(Say(*words, finish_reason="length"), Say(" more."))
    request = asked(max_output_tokens=DRAFT_TOKENS + 3)
    await bot.read_ahead(request, draft=True)
    assert [event async for event in bot.reply(request)]
    assert [each.body["max_tokens"] for each in model.requests] == [DRAFT_TOKENS, 3]


async def test_a_draft_is_not_longer_than_the_limit_of_tokens(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say("One", " two", finish_reason="length"))
    request = asked(max_output_tokens=2)
    await bot.read_ahead(request, draft=True)
    events = [event async for event in bot.reply(request)]
    assert events == [TextDelta("One"), TextDelta(" two"), AnswerCut(TOO_MANY_TOKENS), TokenUsage(11, 2)]
    assert len(model.requests) == 1


@pytest.mark.parametrize("change", [{"instructions": "Be brief."}, {"tools": (WEATHER,)}, {"max_output_tokens": 50}])
async def test_a_draft_under_other_options_is_no_answer(
    model: OpenAIStandIn, bot: LanguageModelBot, change: dict[str, Any]
) -> None:
    model.will(Say("A pen."), Say("A pencil."))
    await bot.read_ahead(asked(), draft=True)
    events = [event async for event in bot.reply(asked(**change))]
    assert TextDelta("A pencil.") in events


async def test_system_messages_at_the_beginning_belong_to_the_instructions(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    await ask(
        endpoint, asked(said("system", "The user is Ann."), said("system", "She is tall."), QUESTION), prompt="Be kind."
    )
    assert model.requests[0].messages == [
        {"role": "system", "content": "Be kind.\nThe user is Ann.\nShe is tall."},
        {"role": "user", "content": "Hi"},
    ]


async def test_later_system_messages_become_the_users(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    later = said("system", "Be brief now.")
    await ask(endpoint, asked(QUESTION, said("assistant", "Hello."), later, said("user", "How are you?")))
    assert model.requests[0].messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "[Instructions: Be brief now.]\nHow are you?"},
    ]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((said("system", "Greet."),), [("system", "Greet."), ("user", "…")]),
        ((QUESTION, said("assistant", "Hello.")), [("user", "Hi"), ("assistant", "Hello."), ("user", "…")]),
        ((QUESTION,), [("user", "Hi")]),
    ],
)
async def test_without_a_question_the_model_is_asked_to_speak(
    model: OpenAIStandIn, endpoint: ModelEndpoint, messages: tuple[ContextMessage, ...], expected: list[tuple[str, str]]
) -> None:
    await ask(endpoint, asked(*messages))
    assert [(each["role"], each["content"]) for each in model.requests[0].messages] == expected


async def test_the_first_answer_of_a_conversation_may_have_no_question(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    await ask(endpoint, AgentRequest(messages=(), options=AnswerOptions(instructions="Greet.")))
    sent = [(each["role"], each["content"]) for each in model.requests[0].messages]
    assert sent == [("system", "Greet."), ("user", "…")]


async def test_after_a_tools_output_the_model_is_asked_at_once(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, asked(QUESTION, as_message(RAN)))
    assert [each["role"] for each in model.requests[0].messages] == ["user", "assistant", "tool"]


@pytest.mark.parametrize(("share", "kept"), [(0.9, 9), (0.5, 5), (0.2, 2)])
def test_a_section_that_has_become_too_long_keeps_the_share_that_is_asked_for(share: float, kept: int) -> None:
    section = [said("user", "word " * 40)] * 11
    room = 10 * (estimate_tokens(section[0].content) + MESSAGE_OVERHEAD)
    assert len(truncated(section, 10_000, Truncation(most_tokens=room, kept_share=share))) == kept
    assert len(truncated(section[:10], room, Truncation(kept_share=share))) == 10


async def test_where_nothing_may_be_left_out_a_long_section_has_no_answer(endpoint: ModelEndpoint) -> None:
    request = asked(said("user", "word " * 500), truncation=Truncation(allowed=False, most_tokens=300))
    with pytest.raises(AgentError, match="truncation is off"):
        await ask(endpoint, request)
