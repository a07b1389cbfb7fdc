"""Interpreting with a bot's model, against a scripted one."""

from collections.abc import AsyncGenerator

import pytest

from kouyu.agents.agent import AgentError, AgentEvent, AgentRequest, TextDelta, TokenUsage
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition, Example
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.interpreter import Interpreter, Passage
from tests.standins.openai_server import Refuse, Say, openai_stand_in


def bot(base_url: str) -> LanguageModelBot:
    return LanguageModelBot(
        BotDefinition(
            id="pirate",
            name="Pirate",
            prompt="You are a pirate.",
            examples=(Example("Hello", "Arr"),),
        ),
        ModelEndpoint(base_url=base_url, model="scripted"),
    )


async def test_the_bots_model_is_used_without_its_prompt() -> None:
    async with openai_stand_in() as model:
        model.will(Say("你", "好。"))
        agent = bot(model.base_url)
        interpreter = Interpreter(agent)
        pieces = [piece async for piece in interpreter.translate("Hello.", "en", "zh")]
        await interpreter.close()
        await agent.close()
    assert pieces == ["你", "好。"]
    system, asked = model.requests[0].messages
    assert "from English into Chinese" in system["content"]
    assert "pirate" not in str(model.requests[0].messages)
    assert asked["content"] == "Hello."
    assert model.requests[0].body["temperature"] == 0


async def test_the_model_gets_the_glossary_and_earlier_passages() -> None:
    async with openai_stand_in() as model:
        agent = bot(model.base_url)
        interpreter = Interpreter(agent)
        before = [Passage(f"said {number}", f"translated {number}") for number in range(6)]
        stream = interpreter.translate("猫{{ x }}", "zh", "en", glossary=[("猫", "Tom")], before=before)
        answer = "".join([piece async for piece in stream])
        await interpreter.close()
        await agent.close()
    messages = model.requests[0].messages
    assert "猫 = Tom" in messages[0]["content"]
    assert [message["content"] for message in messages[1:3]] == ["said 2", "translated 2"]
    assert messages[-1]["content"] == "猫{{ x }}"
    assert answer.strip() == "猫{{ x }}"


async def test_a_model_that_refuses_is_an_agent_error() -> None:
    async with openai_stand_in() as model:
        model.will(Refuse(400, "no"))
        agent = bot(model.base_url)
        interpreter = Interpreter(agent)
        with pytest.raises(AgentError):
            [piece async for piece in interpreter.translate("Hello.", "en", "zh")]
        await interpreter.close()
        await agent.close()


class Elsewhere:
    """Answers without a model of this server's."""

    def __init__(self) -> None:
        self.asked: list[AgentRequest] = []

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        self.asked.append(request)
        yield TextDelta("")
        yield TextDelta("Hello.")
        yield TokenUsage(1, 1)

    async def close(self) -> None:
        pass


async def test_another_agent_gets_the_instructions_in_the_message() -> None:
    agent = Elsewhere()
    interpreter = Interpreter(agent)
    assert [piece async for piece in interpreter.translate("你好。", "zh", "en")] == ["Hello."]
    await interpreter.close()
    content = agent.asked[0].messages[-1].content
    assert "from Chinese into English" in content
    assert content.endswith("你好。")
