"""Waits for an agent no longer than the limits allow."""

import asyncio
from collections.abc import AsyncGenerator

from kouyu.agents.agent import AgentError, AgentEvent
from kouyu.conversation import chat_failures
from kouyu.conversation.limits import Limits


async def next_in_time(
    events: AsyncGenerator[AgentEvent, None], limits: Limits, *, has_begun: bool
) -> AgentEvent | None:
    """The agent's next event; None at its end. ``has_begun``: it has answered something.

    Raises AgentError if the event takes longer than ``reply_start_s``, or ``reply_stall_s`` once the answer has begun.
    """
    if has_begun:
        limit_s, reason = limits.reply_stall_s, chat_failures.answer_stalled(limits.reply_stall_s)
    else:
        limit_s, reason = limits.reply_start_s, chat_failures.no_answer(limits.reply_start_s)
    try:
        async with asyncio.timeout(limit_s):
            return await anext(events, None)
    except TimeoutError as fault:
        raise AgentError(reason) from fault
