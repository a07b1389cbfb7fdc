"""What an agent is told of a turn: the section so far, the question, and what the client has configured."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kouyu.agents.agent import AgentRequest, ContextMessage, ToolRound, committed_already
from kouyu.protocol.configuration import ChatConfig
from kouyu.protocol.downlink import Message
from kouyu.store.messages import Messages

MOST_CONTEXT_MESSAGES: Final = 200


async def agent_request(
    kept: Messages,
    question: Message,
    chat_config: ChatConfig,
    *,
    brought: Sequence[ContextMessage] = (),
    voice_emotion: str = "",
    tool_rounds: tuple[ToolRound, ...] = (),
    committed: Callable[[], Awaitable[None]] = committed_already,
) -> AgentRequest:
    """The request that goes with ``question``. ``kept`` has the section's messages, those of other users left out;
    ``brought`` are messages that the client put in front of its question. Raises StoreError.
    """
    user_id = chat_config.user_id or ""
    earlier = await kept.context(question.conversation_id, question.section_id, MOST_CONTEXT_MESSAGES, user_id=user_id)
    context = [
        ContextMessage(role=record.role, content=record.content, content_type=record.content_type)
        for record in earlier
        if record.chat_id != question.chat_id and record.id != question.id
    ]
    asked = ContextMessage(role="user", content=question.content, content_type=question.content_type)
    return AgentRequest(
        messages=(*context, *brought, asked),
        user_id=user_id,
        conversation_id=question.conversation_id,
        custom_variables=chat_config.custom_variables,
        extra_params=chat_config.extra_params,
        parameters=chat_config.parameters,
        voice_emotion=voice_emotion,
        tool_rounds=tool_rounds,
        committed=committed,
    )
