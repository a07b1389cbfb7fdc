"""Answers of agents outside conversations: nothing of them is stored."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from kouyu.agents.agent import Agent, AgentError, AgentEvent, AgentRequest
from kouyu.agents.answer_limits import within_limits
from kouyu.conversation import chat_failures
from kouyu.conversation.limits import Limits
from kouyu.serving.caller import Caller
from kouyu.text_chats.in_time import next_in_time

log = logging.getLogger(__name__)


class Completions:
    """Asks agents, and counts the answers that are under way."""

    def __init__(self, limits: Callable[[], Limits], check: Callable[[], None]) -> None:
        """``check`` raises ProtocolError if no further answer may begin."""
        self._limits = limits
        self._check = check
        self.running = 0
        """Answers that are under way."""

    async def answer(self, agent: Agent, request: AgentRequest, caller: Caller) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator stops the agent.

        Raises ProtocolError, before the first event, if no further answer may begin; and AgentError.
        """
        self._check()
        caller.use.begin_conversation()
        self.running += 1
        try:
            async with aclosing(within_limits(agent.reply(request))) as events:
                has_begun = False
                while (event := await next_in_time(events, self._limits(), has_begun=has_begun)) is not None:
                    yield event
                    has_begun = True
        except AgentError:
            raise
        except Exception as fault:  # the boundary to an agent: whatever it raises ends this answer alone
            log.exception("unexpected error in an agent")
            raise AgentError(chat_failures.UNEXPECTED) from fault
        finally:
            self.running -= 1
            caller.use.end_conversation()
