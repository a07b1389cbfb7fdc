"""Builds an agent's request for a turn: the section so far, the question, and the client's configuration."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from kouyu.agents.agent import AgentRequest, ContextMessage, committed_already
from kouyu.agents.tool_history import ToolMessage, with_tool_rounds
from kouyu.conversation.effects import OpeningLine
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.messages import TOOL_TYPES, Message
from kouyu.domain.options import AnswerOptions, GivenMessage
from kouyu.domain.tool_round import ToolRound
from kouyu.domain.user_voice import UserVoice
from kouyu.domain.voice_print import VoicePrint
from kouyu.store.message_writes import MessageRecord
from kouyu.store.owned_store import OwnedStore

MOST_CONTEXT_MESSAGES: Final = 200
_NO_OPTIONS: Final = AnswerOptions()


async def agent_request(
    store: OwnedStore,
    question: Message,
    chat_config: ChatConfig,
    *,
    brought: Sequence[ContextMessage] = (),
    voice_emotion: str = "",
    tool_rounds: tuple[ToolRound, ...] = (),
    opening_lines: Sequence[OpeningLine] = (),
    options: AnswerOptions = _NO_OPTIONS,
    committed: Callable[[], Awaitable[None]] = committed_already,
) -> AgentRequest:
    """Build the request for ``question``, or for an answer without one if that is empty. ``store`` gives the section's
    messages, without those of other users, and the user's variables, which the client's ``custom_variables`` override;
    ``brought`` are messages that the client put before its question, ``opening_lines`` what the agent said without a
    question. With ``options.context`` the section's messages are left out, but for those that it names. Raises
    StoreError.
    """
    user_id = chat_config.user_id or ""
    earlier = await store.messages.context(
        question.conversation_id, question.section_id, MOST_CONTEXT_MESSAGES, user_id=user_id
    )
    remembered = await store.variables.values(question.bot_id, user_id)
    before = (record for record in earlier if record.chat_id != question.chat_id and record.id != question.id)
    context: Iterable[ContextMessage]
    if options.context is None:
        context = with_tool_rounds(_with_opening_lines(before, opening_lines))
    else:
        context = _given(options.context, {record.id: record for record in before})
    voice = UserVoice.of_meta_data(question.meta_data or {})
    asked = ContextMessage(
        role="user",
        content=question.content,
        content_type=question.content_type,
        voice_print=voice.voice_print,
    )
    return AgentRequest(
        messages=(*context, *brought, *([asked] if question.content else ())),
        options=options,
        user_id=user_id,
        conversation_id=question.conversation_id,
        owner=store.owner,
        custom_variables=remembered | chat_config.custom_variables,
        extra_params=chat_config.extra_params,
        parameters=chat_config.parameters,
        voice_emotion=voice_emotion,
        voice_gender=voice.gender or "",
        user_emotion=voice.emotion or "",
        tool_rounds=tool_rounds,
        committed=committed,
    )


def _with_opening_lines(
    records: Iterable[MessageRecord], lines: Sequence[OpeningLine]
) -> Iterator[ContextMessage | ToolMessage]:
    """The records and the lines in the order of their ids, which have one length and increase with time."""
    waiting = deque(lines)
    for record in records:
        while waiting and waiting[0].id < record.id:
            yield _said(waiting.popleft())
        yield _known(record)
    yield from map(_said, waiting)


def _given(messages: Sequence[GivenMessage], section: Mapping[str, MessageRecord]) -> Iterator[ContextMessage]:
    """The messages that a client gives as context; those of the section as they are there."""
    for message in messages:
        record = section.get(message.message_id)
        said = None if record is None else _known(record)
        if isinstance(said, ContextMessage):
            yield said
        elif message.content:
            yield ContextMessage(role=message.role, content=message.content, content_type=message.content_type)


def _said(line: OpeningLine) -> ContextMessage:
    return ContextMessage(role="assistant", content=line.text, content_type="text")


def _known(record: MessageRecord) -> ContextMessage | ToolMessage:
    if record.type in TOOL_TYPES:
        return ToolMessage(
            type=record.type, content=record.content, call_id=record.tool_call_id, chat_id=record.chat_id
        )
    return ContextMessage(
        role=record.role,
        content=record.content,
        content_type=record.content_type,
        voice_print=VoicePrint.of_meta_data(record.meta_data),
    )
