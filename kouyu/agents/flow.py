"""Flows: the operator's own programs as agents, for clients that connect with ``workflow_id``.

Functions and URLs get the same FlowRequest. Its ``parameters`` are the flow's defaults, overridden by the client's
``chat_config.parameters``, overridden by the server's own values.
"""

import asyncio
import inspect
import logging
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec

from kouyu.agents.agent import (
    AgentError,
    AgentEvent,
    AgentRequest,
    ContextMessage,
    TextDelta,
    TokenUsage,
    committed_already,
)
from kouyu.agents.attachments import spoken_text
from kouyu.agents.markup.events import without_markup

log = logging.getLogger(__name__)

DEFAULT_CONVERSATION_NAME: Final = "Default"


class FlowRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a flow for one turn."""

    parameters: dict[str, Any]
    """Always with ``USER_INPUT`` (the user's words; "" if the flow is to speak without a question),
    ``CONVERSATION_NAME``, ``_voice_emotion`` (the answer's), ``_voice_gender`` and ``_user_emotion`` (both the user's;
    "" where not known), ``_voice_print`` (whose voice it is: ``group_id``, ``feature_id``, ``feature_name``,
    ``feature_desc``, ``score``; empty where not known), and all that the flow has defaults for or the client set."""
    messages: tuple[ContextMessage, ...]
    """The section, oldest first; the last is the user's question, if there is one."""
    user_id: str = ""
    conversation_id: str = ""
    custom_variables: dict[str, str] = {}
    extra_params: dict[str, str] = {}
    instructions: str = ""
    """Those of a client of OpenAI's protocol; "" if it gave none."""
    committed: Callable[[], Awaitable[None]] = committed_already
    """With ``ask_early``: waits until the user's turn is committed. Await it before anything that has effects."""

    @property
    def user_input(self) -> str:
        """The user's words."""
        return str(self.parameters["USER_INPUT"])


FlowFunction = Callable[[FlowRequest], AsyncIterator[str] | Awaitable[str]]
"""An async generator of the answer's pieces, or an async function that returns the whole answer."""


class Flow:
    """An Agent that calls a function in this process."""

    def __init__(
        self, flow_id: str, function: FlowFunction, *, parameters: Mapping[str, Any], ask_early: bool = False
    ) -> None:
        """``parameters`` are the flow's defaults; ``ask_early`` calls it before the turn is committed."""
        self._id = flow_id
        self._function = function
        self._parameters = dict(parameters)
        self._ask_early = ask_early

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator closes the function's. Raises AgentError."""
        return without_markup(self._reply(request))

    async def _reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        if not self._ask_early:
            await request.committed()
            yield TextDelta("")
        async with aclosing(self._pieces(flow_request(request, self._parameters))) as pieces:
            async for piece in pieces:
                yield TextDelta(piece)
        yield TokenUsage(0, 0)

    async def close(self) -> None:
        """Nothing is held."""

    async def _pieces(self, request: FlowRequest) -> AsyncGenerator[str, None]:
        try:
            answer = self._function(request)
            if inspect.isawaitable(answer):
                yield _piece(await answer)
                return
            try:
                async for piece in answer:
                    yield _piece(piece)
                    await asyncio.sleep(0)  # a function that never waits must not hold up everybody else
            finally:
                if inspect.isasyncgen(answer):
                    await answer.aclose()
        except AgentError:
            raise
        except Exception as fault:  # the boundary to the operator's program
            # Without the exception's text, which may quote the user.
            trace = "".join(traceback.format_tb(fault.__traceback__))
            log.error("flow %s failed: %s\n%s", self._id, type(fault).__name__, trace.rstrip())
            raise AgentError(f"Flow {self._id} failed: {type(fault).__name__}") from fault


def flow_request(request: AgentRequest, defaults: Mapping[str, Any]) -> FlowRequest:
    """Build a flow's input for a turn (uplink.md, data.chat_config.parameters)."""
    question = request.question
    speaker = question.voice_print if question is not None else None
    known = {
        "USER_INPUT": spoken_text(question) if question is not None else "",
        "_voice_emotion": request.voice_emotion,
        "_voice_gender": request.voice_gender,
        "_user_emotion": request.user_emotion,
        "_voice_print": {} if speaker is None else msgspec.structs.asdict(speaker),
    }
    return FlowRequest(
        parameters={"CONVERSATION_NAME": DEFAULT_CONVERSATION_NAME, **defaults, **request.parameters, **known},
        messages=request.messages,
        user_id=request.user_id,
        conversation_id=request.conversation_id,
        custom_variables=request.custom_variables,
        extra_params=request.extra_params,
        instructions=request.options.instructions or "",
        committed=request.committed,
    )


def _piece(piece: object) -> str:
    if not isinstance(piece, str):
        raise AgentError(f"a flow must answer with text, not with a value of type {type(piece).__name__}")
    return piece
