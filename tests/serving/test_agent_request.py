"""What an agent gets for a turn, from the store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kouyu.agents.agent import AgentRequest
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.ids import NO_ID
from kouyu.domain.options import AnswerOptions, GivenMessage
from kouyu.serving.agent_request import agent_request
from kouyu.store.message_writes import DeleteMessage, TrimAnswer
from kouyu.store.store import Store
from tests.store.said import answer, message

OPTIONS = AnswerOptions(instructions="Be brief.")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path / "kouyu.db") as opened:
        yield opened


async def _said(store: Store) -> None:
    own = store.of("")
    await own.conversations.create_if_missing("c", "bot", "")
    await own.messages.add(message("1", "Speak like a pirate.", role="system", type="", chat_id=NO_ID), 1)
    await own.messages.add(message("2", "Hi", chat_id="chat 1"), 1)
    await own.messages.add(answer("3", "Arr. What now?", chat_id="chat 1"), 1)


async def _request(store: Store, question: str) -> AgentRequest:
    asked = message("9", question, chat_id="chat 2")
    return await agent_request(store.of(""), asked, ChatConfig(), options=OPTIONS)


async def test_the_question_follows_the_section(store: Store) -> None:
    await _said(store)
    request = await _request(store, "Sail!")
    assert [(each.role, each.content) for each in request.messages] == [
        ("system", "Speak like a pirate."),
        ("user", "Hi"),
        ("assistant", "Arr. What now?"),
        ("user", "Sail!"),
    ]
    assert request.options == OPTIONS
    assert request.question is not None


async def test_an_answer_without_a_question_gets_the_section_as_it_was_heard_and_as_it_was_left(store: Store) -> None:
    await _said(store)
    await store.of("").write(TrimAnswer("3", "Arr."), DeleteMessage("c", "2"))
    request = await _request(store, "")
    assert [each.content for each in request.messages] == ["Speak like a pirate.", "Arr."]
    assert request.question is None


async def test_a_given_context_takes_the_sections_place_but_for_the_messages_that_it_names(store: Store) -> None:
    await _said(store)
    await store.of("").write(TrimAnswer("3", "Arr."))
    context = (
        GivenMessage(role="user", content="Only this."),
        GivenMessage(role="assistant", content="Arr. What now?", message_id="3"),
        GivenMessage(role="user", content="Gone since.", message_id="77"),
        GivenMessage(role="user", content="", message_id="78"),
    )
    asked = message("9", "", chat_id="chat 2")
    request = await agent_request(store.of(""), asked, ChatConfig(), options=AnswerOptions(context=context))
    assert [(each.role, each.content) for each in request.messages] == [
        ("user", "Only this."),
        ("assistant", "Arr."),
        ("user", "Gone since."),
    ]
