"""A fuzzing client of one WebSocket endpoint: sends cases and checks after each that the server answered by the
rules.

A probe after each case delimits its answers: an event that always gets an error, in order.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench.fuzz.findings import Findings
from bench.fuzz.uplink_cases import Case
from kouyu.domain.client_json import LARGEST_MESSAGE

_CONNECT_S: Final = 30.0
_CASES_OF_A_CONNECTION: Final = 25
_REDIALLED: Final = "dialled again"
"""Why the server closes a connection whose client, as it seems, has come back on another one (websocket.md 1.6)."""
_REFUSED_S: Final = 0.2


class Cases(Protocol):
    """What is sent to an endpoint."""

    path: str
    probe: str
    """The event type of an event that is answered with an error whatever was sent before it."""
    probe_data: dict[str, Any]
    """Its data."""
    answer_s: float
    """A case that has not been answered for so long counts as a fault. The audio endpoints read on when what they were
    sent is recognised, or spoken, but for a little; one event may hold ten minutes of sound."""
    of_work: str
    """What errors begin with that tell of the work for earlier events, whenever it fails."""

    @property
    def random(self) -> random.Random:
        """What decides."""
        ...

    def text(self, largest: int) -> str:
        """A text that is hard on somebody."""
        ...

    def next(self) -> Case:
        """One more."""
        ...


class SocketClient:
    """``queries`` are those of the address, one of which is used for each connection. ``goes_on`` is asked before each
    case."""

    def __init__(
        self,
        url: str,
        token: str,
        queries: Sequence[str],
        cases: Cases,
        findings: Findings,
        goes_on: Callable[[], bool],
    ) -> None:
        self._url = url.replace("http", "ws", 1)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._queries = queries
        self._cases = cases
        self._random = cases.random
        self._findings = findings
        self._goes_on = goes_on
        self._probes = 0

    async def run(self) -> None:
        """Connect again and again."""
        while self._goes_on():
            try:
                query = self._random.choice(self._queries)
                async with asyncio.timeout(_CONNECT_S):
                    connection = await connect(
                        f"{self._url}{self._cases.path}?{query}",
                        additional_headers=self._headers,
                        compression=None,
                        max_size=None,
                        close_timeout=5,
                        ping_interval=None,
                    )
            except (OSError, TimeoutError, InvalidStatus) as fault:
                self._findings.fault("connecting", f"{type(fault).__name__} {fault}")
                await asyncio.sleep(_REFUSED_S)
                continue
            try:
                await self._talk(connection)
            finally:
                await _leave(connection, abruptly=self._random.random() < 0.3)

    async def _talk(self, connection: ClientConnection) -> None:
        for _ in range(_CASES_OF_A_CONNECTION):
            if not self._goes_on():
                return
            case = self._cases.next()
            self._findings.sent[case.name if len(case.name) < 40 else case.name[:40]] += 1
            too_big = len(case.message.encode() if isinstance(case.message, str) else case.message) > LARGEST_MESSAGE
            try:
                async with asyncio.timeout(self._cases.answer_s):
                    errors, chats = await self._answers(connection, case)
            except TimeoutError:
                self._findings.fault(case.name, f"no answer within {self._cases.answer_s:g} s", case.message)
                return
            except ConnectionClosed as closed:
                if not too_big and _REDIALLED not in str(closed):
                    self._findings.fault(case.name, f"the connection was closed: {closed}", case.message)
                return
            if too_big:
                self._findings.fault(case.name, "a message beyond the limit was taken", case.message)
            self._check(case, errors)
            await self._answer_tools(connection, chats)

    async def _answers(
        self, connection: ClientConnection, case: Case
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The errors that the case led to, and the chats that wait for tools."""
        self._probes += 1
        probe = f"probe-{self._probes}"
        await connection.send(case.message)
        await connection.send(
            json.dumps({"id": probe, "event_type": self._cases.probe, "data": self._cases.probe_data})
        )
        errors: list[dict[str, Any]] = []
        chats: list[dict[str, Any]] = []
        while True:
            event = json.loads(await connection.recv())
            if event["event_type"] == "conversation.chat.requires_action":
                chats.append(event["data"])
            elif event["event_type"] == "error":
                if probe in event["detail"].get("origin_message", ""):
                    return errors, chats
                if not event["data"]["msg"].startswith(self._cases.of_work):
                    errors.append(event)

    def _check(self, case: Case, errors: list[dict[str, Any]]) -> None:
        told = [error["data"]["msg"] for error in errors]
        if len(told) > 1:
            self._findings.fault(case.name, f"{len(told)} error events: {told[:3]}", case.message)
        elif case.errors == "none" and told:
            self._findings.fault(case.name, f"an error event: {told[0]}", case.message)
        elif case.errors == "one" and not told:
            self._findings.fault(case.name, "no error event", case.message)
        elif case.errors == "one" and case.field not in told[0]:
            self._findings.fault(case.name, f"the error does not name {case.field}: {told[0]}", case.message)

    async def _answer_tools(self, connection: ClientConnection, chats: list[dict[str, Any]]) -> None:
        """Tools that a chat really waits for."""
        for chat in chats[:1]:
            calls = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
            outputs = [{"tool_call_id": call["id"], "output": self._cases.text(2000)} for call in calls]
            event = {
                "event_type": "conversation.chat.submit_tool_outputs",
                "data": {"chat_id": chat["id"], "tool_outputs": outputs},
            }
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps(event))


async def _leave(connection: ClientConnection, *, abruptly: bool) -> None:
    if abruptly:
        connection.transport.abort()
    with contextlib.suppress(ConnectionClosed, OSError, TimeoutError):
        async with asyncio.timeout(10):
            await connection.close()
