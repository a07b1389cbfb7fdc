from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from kouyu.agents.agent import Agent, AgentError, AgentRequest, ContextMessage, ReadsAhead, TextDelta, ToolCallRequest
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import DEFAULT_PROMPT, BotDefinition, Example, Guidance
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.prompt import SPEAKERS_FACT
from kouyu.agents.token_estimate import estimate_tokens
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.domain.voice_print import VoicePrint
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools

WEATHER = {"type": "function", "function": {"name": "weather", "description": "", "parameters": {"type": "object"}}}


def request(*texts: str, **fields: Any) -> AgentRequest:
    """Texts of user and assistant in turn."""
    roles = ("user", "assistant")
    messages = tuple(ContextMessage(role=roles[n % 2], content=text) for n, text in enumerate(texts))  # type: ignore[arg-type]
    return AgentRequest(messages=messages, **fields)


async def ask(
    endpoint: ModelEndpoint, asked: AgentRequest, *, guidance: Mapping[str, Guidance] | None = None, **definition: Any
) -> list[Any]:
    current = CurrentModel(AskedModel(endpoint, guidance))
    bot: Agent = LanguageModelBot(BotDefinition(id="7", name="Bot", **definition), current)
    events = [event async for event in bot.reply(asked)]
    await bot.close()
    await current.close()
    return events


async def test_the_question_comes_last_after_prompt_and_section(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(
        endpoint, request("Hi", "Hello.", "How are you?"), prompt="Be kind to {{name}}.", variables={"name": "all"}
    )
    assert model.requests[0].messages == [
        {"role": "system", "content": "Be kind to all."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "How are you?"},
    ]


async def test_the_model_is_told_who_speaks(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    ann = VoicePrint(group_id="g", feature_id="1", feature_name="Ann", feature_desc="mother", score=71.5)
    asked = request("Hi", "Hello.", "Who am I?")
    named = msgspec.structs.replace(asked.messages[0], voice_print=ann)
    await ask(endpoint, msgspec.structs.replace(asked, messages=(named, *asked.messages[1:])), prompt="Be kind.")
    system, *said = model.requests[0].messages
    assert system["content"] == f"Be kind.\n{SPEAKERS_FACT}"
    assert [message["content"] for message in said] == ["[Ann, mother] Hi", "Hello.", "Who am I?"]


async def test_a_bot_without_a_prompt_is_asked_to_speak(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, request("Hi"))
    assert model.requests[0].messages[0] == {"role": "system", "content": DEFAULT_PROMPT}


async def test_an_empty_prompt_is_no_message(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, request("Hi"), prompt="")
    assert [message["role"] for message in model.requests[0].messages] == ["user"]


async def test_the_model_is_told_where_the_user_is(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, request("Hi", extra_params={"latitude": "1.5", "longitude": "2"}), prompt="Be kind.")
    expected = "Be kind.\nThe user is at latitude 1.500000, longitude 2.000000."
    assert model.requests[0].messages[0]["content"] == expected


async def test_examples_come_before_the_section(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, request("Hi"), prompt="", examples=(Example("Bye", "Goodbye!"),))
    assert [message["content"] for message in model.requests[0].messages] == ["Bye", "Goodbye!", "Hi"]


GUIDANCE = {
    "en": Guidance(examples=(Example("Bye", "Goodbye!"),)),
    "zh": Guidance(instruction="请用中文回答。", examples=(Example("再见", "再见！"),)),
}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("Hi",), ["Be kind.", "Bye", "Goodbye!", "Hi"]),
        (("你好",), ["Be kind.\n请用中文回答。", "再见", "再见！", "你好"]),
        (("Hi", "Hello.", "你好"), ["Be kind.\n请用中文回答。", "再见", "再见！", "Hi", "Hello.", "你好"]),
        (("你好", "你好！", "12?"), ["Be kind.\n请用中文回答。", "再见", "再见！", "你好", "你好！", "12?"]),
        (("Привет",), ["Be kind.", "Bye", "Goodbye!", "Привет"]),
    ],
)
async def test_the_model_is_guided_in_the_language_of_the_latest_question_with_letters(
    model: OpenAIStandIn, endpoint: ModelEndpoint, texts: tuple[str, ...], expected: list[str]
) -> None:
    await ask(endpoint, request(*texts), prompt="Be kind.", guidance=GUIDANCE)
    assert [message["content"] for message in model.requests[0].messages] == expected


async def test_a_bots_own_examples_take_the_place_of_the_guidance(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    own = (Example("Who?", "Me."),)
    await ask(endpoint, request("你好"), prompt="Be kind.", guidance=GUIDANCE, examples=own)
    assert [message["content"] for message in model.requests[0].messages] == ["Be kind.", "Who?", "Me.", "你好"]


async def test_a_bot_with_tools_is_told_of_them_in_place_of_the_examples(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    guidance = {"en": Guidance(examples=GUIDANCE["en"].examples, with_tools="Call a function.")}
    await ask(endpoint, request("Hi"), prompt="Be kind.", guidance=guidance, tools=(WEATHER,))
    await ask(endpoint, request("Hi"), prompt="Be kind.", guidance=GUIDANCE, tools=(WEATHER,))
    told, examples = ([message["content"] for message in each.messages] for each in model.requests)
    assert told == ["Be kind.\nCall a function.", "Hi"]
    assert examples == ["Be kind.", "Bye", "Goodbye!", "Hi"]


async def test_a_conversation_can_open_in_each_language_of_the_guidance(endpoint: ModelEndpoint) -> None:
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt=""), endpoint)
    assert [opening[-1]["content"] for opening in await bot.openings(GUIDANCE)] == ["Goodbye!", "再见！"]
    await bot.close()


async def test_only_what_the_bot_sets_is_asked_for(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await ask(endpoint, request("Hi"), temperature=0.0, max_tokens=50)
    body = model.requests[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.0, 50)
    assert "top_p" not in body
    assert "tools" not in body


async def test_a_long_section_is_shown_from_its_end_with_the_prompt_kept(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    long = [f"{n} " + "word " * 100 for n in range(201)]
    await ask(endpoint, request(*long), prompt="Be kind.")
    system, *shown = model.requests[0].messages
    assert system["content"] == "Be kind."
    assert shown[-1]["content"] == long[-1]
    assert 10 < len(shown) < 100


async def test_tools_are_offered_and_their_calls_passed_on(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(call_tools(ToolCallScript("weather", '{"city": "Paris"}')))
    events = await ask(endpoint, request("Weather?"), tools=(WEATHER,))
    assert model.requests[0].body["tools"] == [WEATHER]
    assert isinstance(events[0], ToolCallRequest)


async def test_a_call_that_stands_in_the_text_is_passed_on_and_not_said(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    model.will(
        Say("Let me see. ", '<tool_call>\n{"name": "weather", ', '"arguments": {"city": "Paris"}}\n</tool_call>')
    )
    said, called, *_ = await ask(endpoint, request("Weather?"), tools=(WEATHER,))
    assert said == TextDelta("Let me see. ")
    assert isinstance(called, ToolCallRequest)
    assert [(call.function.name, call.function.arguments) for call in called.calls] == [("weather", '{"city":"Paris"}')]


async def test_the_answer_continues_from_what_the_tools_gave(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(
        call_tools(ToolCallScript("weather", '{"city": "A"}', id="a"), ToolCallScript("weather", "{}", id="b")),
        Say("Sunny."),
    )
    (called, _) = await ask(endpoint, request("Weather?"), tools=(WEATHER,))
    given = ToolRound(calls=called.calls, outputs=(ToolOutput(tool_call_id="a", output="sun"),))
    events = await ask(endpoint, request("Weather?", tool_rounds=(given,)), tools=(WEATHER,), prompt="")
    assert events[0] == TextDelta("Sunny.")
    question, asked, first, second = model.requests[1].messages
    assert question == {"role": "user", "content": "Weather?"}
    assert asked["tool_calls"][0] == {
        "id": "a",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city": "A"}'},
    }
    assert first == {"role": "tool", "tool_call_id": "a", "content": "sun"}
    assert second["tool_call_id"] == "b"
    assert second["content"].startswith("No result")


def ran(output: str, call_id: str = "a") -> ContextMessage:
    """A tool that ran in an earlier turn."""
    call = ToolCall(id=call_id, function=Function("weather", '{"city": "Paris"}'))
    tools = ToolRound(calls=(call,), outputs=(ToolOutput(tool_call_id=call_id, output=output),))
    return ContextMessage(role="assistant", content="", tool_round=tools)


async def test_tools_of_earlier_turns_are_shown_as_they_were_when_they_ran(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    asked, question = request("Weather?").messages[0], request("And now?").messages[0]
    answer = ContextMessage(role="assistant", content="Sunny.")
    again = AgentRequest(messages=(asked, ran("sun"), answer, question))
    tools_now = ran("sun").tool_round
    assert tools_now is not None
    await ask(endpoint, request("Weather?", tool_rounds=(tools_now,)), tools=(WEATHER,))
    await ask(endpoint, again, tools=(WEATHER,))
    during, later = (received.messages for received in model.requests)
    assert later == [
        *during,
        {"role": "assistant", "content": "Sunny."},
        {"role": "user", "content": "And now?"},
    ]


async def test_a_long_output_of_an_earlier_turn_is_cut_and_pushes_nothing_out(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    small = msgspec.structs.replace(endpoint, context_tokens=2048)
    asked, question = request("My name is Ada. Weather?").messages[0], request("And now?").messages[0]
    await ask(small, AgentRequest(messages=(asked, ran("sun " * 5000), question)), tools=(WEATHER,))
    messages = model.requests[0].messages
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "assistant", "user"]
    output = messages[3]["content"]
    assert output.startswith("sun sun")
    assert output.endswith("(cut off here)")
    assert estimate_tokens(output) < 300


async def test_reading_ahead_shows_the_model_what_the_reply_will_begin_with(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt="Be kind.", tools=(WEATHER,)), endpoint)
    await bot.read_ahead(request("Hi", "Hello.", "What is"), draft=False)
    [_ async for _ in bot.reply(request("Hi", "Hello.", "What is this?"))]
    await bot.close()
    ahead, asked = (received.body for received in model.requests)
    assert ahead["max_tokens"] == 1
    assert ahead["messages"][:-1] == asked["messages"][:-1]
    assert ahead["messages"][-1]["content"] == "What is"
    assert ahead["tools"] == asked["tools"]


def test_only_where_reading_costs_nothing_but_time_is_it_done_ahead(endpoint: ModelEndpoint) -> None:
    costly = LanguageModelBot(BotDefinition(id="7", name="Bot"), endpoint)
    free = LanguageModelBot(BotDefinition(id="7", name="Bot"), msgspec.structs.replace(endpoint, reads_ahead=True))
    assert isinstance(costly, ReadsAhead)
    assert (costly.reads_ahead, free.reads_ahead) == (False, True)


async def test_the_results_of_calculations_go_to_models_that_need_them(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    asked = request("What is one plus one?", "Two.", "And what is six times seven?")
    await ask(endpoint, asked)
    await ask(msgspec.structs.replace(endpoint, calculations=True), asked)
    plain, helped = (
        [each["content"] for each in received.messages if each["role"] == "user"] for received in model.requests
    )
    assert plain == ["What is one plus one?", "And what is six times seven?"]
    assert helped == [f"{plain[0]}\n[Instructions: the answer is 2]", f"{plain[1]}\n[Instructions: the answer is 42]"]


def test_a_malformed_prompt_is_found_when_the_bot_is_made(endpoint: ModelEndpoint) -> None:
    with pytest.raises(AgentError, match="bot 7, line 1"):
        LanguageModelBot(BotDefinition(id="7", name="Bot", prompt="{{"), endpoint)


async def test_closing_the_reply_stops_the_model(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(Say("one ", "two ", hang_after=1))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), endpoint)
    reply = bot.reply(request("Hi"))
    await anext(reply)
    await reply.aclose()
    await model.requests[0].hung_up.wait()
    await bot.close()
