"""Runs of flows outside conversations (``/v1/workflow/run``), and what came of the latest of them.

A run's result is kept in memory for a day: a restart ends the runs and forgets their results.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, Literal

import msgspec

from kouyu.agents.agent import (
    Agent,
    AgentError,
    AgentEvent,
    AgentRequest,
    AnswerCut,
    ContextMessage,
    TextDelta,
    TextWithdrawn,
    TokenUsage,
    ToolCallRequest,
)
from kouyu.agents.answer_limits import within_limits
from kouyu.conversation import chat_failures
from kouyu.conversation.limits import Limits
from kouyu.domain.chats import Usage
from kouyu.domain.ids import IdFactory
from kouyu.serving.caller import Caller
from kouyu.text_chats.in_time import next_in_time

log = logging.getLogger(__name__)

Mode = Literal[0, 1, 2]
"""Whoever asked waits for the result (0), reads it as it comes (1), or asks for it later (2)."""
Status = Literal["Running", "Success", "Fail"]

KEPT_S: Final = 24 * 3600
"""How long the result of a run can be read."""
MOST_KEPT: Final = 1000
"""Most results that are kept; beyond that those of the runs that began first are forgotten."""
STOPPED: Final = "the run was ended: its client disconnected, or the server stopped"


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow is run with."""

    workflow_id: str
    flow: Agent
    caller: Caller
    bot_id: str = ""
    user_id: str = ""
    parameters: dict[str, Any] = {}
    custom_variables: dict[str, str] = {}
    extra_params: dict[str, str] = {}
    mode: Mode = 0
    log_id: str = ""

    @property
    def for_agent(self) -> AgentRequest:
        """The flow's request. ``USER_INPUT``, else ``input``, is what the user said."""
        said = next((self.parameters[name] for name in ("USER_INPUT", "input") if name in self.parameters), "")
        return AgentRequest(
            messages=(ContextMessage(role="user", content=said if isinstance(said, str) else ""),),
            user_id=self.user_id,
            owner=self.caller.owner,
            custom_variables=self.custom_variables,
            extra_params=self.extra_params,
            parameters=self.parameters,
        )


class WorkflowRun:
    """One run. Its texts can be read while it runs, and afterwards."""

    def __init__(self, run_id: str, asked: RunRequest) -> None:
        self.id = run_id
        self.asked = asked
        self.status: Status = "Running"
        self.fault = ""
        """Why it failed, in words for the client."""
        self.began_at = int(time.time())
        self.updated_at = self.began_at
        self.usage = Usage()
        self._texts: list[str] = []
        self._withdrawn = 0
        self._changed = asyncio.Event()

    @property
    def output(self) -> str:
        """All that the flow has answered, without what it withdrew at the end."""
        text = "".join(self._texts)
        return text[: len(text) - self._withdrawn]

    async def texts(self) -> AsyncGenerator[str, None]:
        """The answer's pieces as they come, to the end of the run."""
        seen = 0
        while True:
            while seen < len(self._texts):
                seen += 1
                yield self._texts[seen - 1]
            if self.status != "Running":
                return
            self._changed.clear()
            await self._changed.wait()

    async def ended(self) -> None:
        """Wait until it has ended."""
        async for _ in self.texts():
            pass

    def take(self, event: AgentEvent) -> None:
        """Add what the flow answers. Raises AgentError for what only a conversation can give it."""
        match event:
            case TextDelta(text) if text:
                self._texts.append(text)
            case TextWithdrawn(characters):
                self._withdrawn += characters
            case TokenUsage(read, written):
                self.usage = Usage(token_count=read + written, input_count=read, output_count=written)
            case AnswerCut(reason):
                log.warning("%s", reason)
            case ToolCallRequest():
                raise AgentError("a workflow run has no client whose tools the flow could call")
            case _:
                return
        self._notify()

    def end(self, status: Status, fault: str = "") -> None:
        """It has ended. A second call does nothing."""
        if self.status == "Running":
            self.status, self.fault = status, fault
            self._notify()

    def _notify(self) -> None:
        self.updated_at = int(time.time())
        self._changed.set()


class WorkflowRuns:
    """Owns the tasks of the runs, and keeps their results."""

    def __init__(self, limits: Callable[[], Limits], ids: IdFactory) -> None:
        self._limits = limits
        self._ids = ids
        self._runs: dict[str, WorkflowRun] = {}
        """By id, oldest first."""
        self._tasks: dict[WorkflowRun, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> Mapping[WorkflowRun, "asyncio.Task[None]"]:
        """The tasks of the runs that have not ended."""
        return self._tasks

    def begin(self, asked: RunRequest) -> WorkflowRun:
        """Begin a run. Raises TryLater if as many conversations of this token run as may."""
        asked.caller.use.begin_conversation()
        run = WorkflowRun(self._ids.next_id(), asked)
        self._forget_old()
        self._runs[run.id] = run
        self._tasks[run] = task = asyncio.create_task(self._run(run), name=f"workflow run {run.id}")
        task.add_done_callback(lambda _: self._ended(run))
        return run

    def find(self, owner: str, workflow_id: str, run_id: str) -> WorkflowRun | None:
        """An owner's run of a flow, if its result is still kept."""
        self._forget_old()
        run = self._runs.get(run_id)
        if run is None or (run.asked.caller.owner, run.asked.workflow_id) != (owner, workflow_id):
            return None
        return run

    def stop(self, run: WorkflowRun) -> None:
        """End a run, whose client has gone; one that has ended stays as it is."""
        if task := self._tasks.get(run):
            task.cancel()

    async def end(self) -> None:
        """End all runs, as failed."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    async def _run(self, run: WorkflowRun) -> None:
        try:
            async with aclosing(within_limits(run.asked.flow.reply(run.asked.for_agent))) as events:
                async for event in self._in_time(events):
                    run.take(event)
            run.end("Success")
        except AgentError as fault:
            log.warning("a workflow run failed: %s", fault)
            run.end("Fail", str(fault))
        except Exception:  # the boundary to an agent: whatever it raises ends this run alone
            log.exception("unexpected error in a flow")
            run.end("Fail", chat_failures.UNEXPECTED)

    async def _in_time(self, events: AsyncGenerator[AgentEvent, None]) -> AsyncIterator[AgentEvent]:
        """The events. Raises AgentError if the first or the next one takes too long."""
        has_begun = False
        while (event := await next_in_time(events, self._limits(), has_begun=has_begun)) is not None:
            yield event
            has_begun = True

    def _ended(self, run: WorkflowRun) -> None:
        del self._tasks[run]
        run.asked.caller.use.end_conversation()
        run.end("Fail", STOPPED)

    def _forget_old(self) -> None:
        oldest = time.time() - KEPT_S
        over = len(self._runs) - MOST_KEPT
        for run in [run for run in self._runs.values() if run.status != "Running"]:
            if run.updated_at <= oldest or over > 0:
                del self._runs[run.id]
                over -= 1
