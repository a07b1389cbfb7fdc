"""Answers outside conversations: counted, limited, and ended with whoever asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from kouyu.agents.agent import Agent, AgentError, AgentEvent, AgentRequest, ContextMessage, TextDelta
from kouyu.conversation import chat_failures
from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError, TryLater
from kouyu.serving.caller import Caller
from tests.standins.openai_server import Say
from tests.text_chats.conftest import Writing

REQUEST = AgentRequest(messages=(ContextMessage(role="user", content="Why is the sky blue?"),))


class Broken:
    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        yield TextDelta("It ")
        raise ZeroDivisionError

    async def close(self) -> None:
        pass


def answer(
    writing: Writing, caller: Caller | None = None, agent: Agent | None = None
) -> AsyncGenerator[AgentEvent, None]:
    asked = agent or writing.chats.bots_of("")["plain"]
    return writing.chats.completions.answer(asked, REQUEST, caller or Caller())


def text_of(events: list[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_an_answer_counts_while_it_is_under_way_and_is_stored_nowhere(writing: Writing) -> None:
    writing.model.will(Say("It ", "scatters."))
    events: list[AgentEvent] = []
    async for event in answer(writing):
        assert writing.chats.running == 1
        events.append(event)
    assert text_of(events) == "It scatters."
    assert writing.chats.running == 0
    assert (await writing.store.of("").conversations.list_by_bot("plain")).conversations == ()


async def test_who_leaves_stops_the_model(writing: Writing) -> None:
    writing.model.will(Say("It ", "scatters.", hang_after=1))
    async with aclosing(answer(writing)) as events:
        await anext(events)
    async with asyncio.timeout(10):
        await writing.model.requests[0].hung_up.wait()
    assert writing.chats.running == 0


async def test_a_full_server_and_one_that_stops_refuse_it_before_it_begins(writing: Writing) -> None:
    writing.chats.limit = 0
    with pytest.raises(ProtocolError, match="run already") as refused:
        await anext(answer(writing))
    assert refused.value.code == errors.TOO_MANY_SESSIONS
    writing.chats.refuse_new()
    with pytest.raises(ProtocolError, match="stopping"):
        await anext(answer(writing))
    assert writing.model.requests == []


async def test_it_is_a_conversation_of_its_token(writing: Writing) -> None:
    caller = Caller()
    caller.use.most_conversations = 1
    writing.model.will(Say("It ", "scatters.", hang_after=1), Say("Yes."))
    async with aclosing(answer(writing, caller)) as events:
        await anext(events)
        with pytest.raises(TryLater):
            await anext(answer(writing, caller))
    assert text_of([event async for event in answer(writing, caller)]) == "Yes."


async def test_an_agent_with_a_fault_fails_in_words_for_the_client(writing: Writing) -> None:
    with pytest.raises(AgentError, match=chat_failures.UNEXPECTED[:20]):
        [event async for event in answer(writing, agent=Broken())]
    assert writing.chats.running == 0
