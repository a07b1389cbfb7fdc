"""A real server on free local ports, with sessions that say back what they hear."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kouyu.agents.agent import Agent
from kouyu.diagnostics.loop_watchdog import LoopWatchdog
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.metrics.readings import Readings
from kouyu.metrics.recent_failures import RecentFailures
from kouyu.metrics.recent_metrics import RecentMetrics
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.protocol.wire import Wire
from kouyu.server.access import failure_backoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets, tokens_enforced
from kouyu.server.access.sessions import Sessions
from kouyu.server.app import create_app
from kouyu.server.kouyu_api.status import RunningEngine, ServerState
from kouyu.server.peers.peers import Peers
from kouyu.server.process.certificates import Certificates, local_certificate
from kouyu.server.process.tcp_listeners import bind, listening
from kouyu.server.sockets.chat import AnswererIds
from kouyu.serving.caller import Caller
from kouyu.serving.socket import Socket, SocketClosed
from kouyu.store.store import Store


async def echo_session(
    socket: Socket,
    *,
    bot_id: str,
    workflow_id: str,
    log_id: str,
    caller: Caller,
    redials_as: str,
    wire: Wire[Any] | None = None,
) -> None:
    """Stands in for a conversation: says whom the client talks to, then says everything back."""
    with suppress(SocketClosed):  # as a conversation does: receive tells it
        await socket.send(f"{bot_id}{workflow_id}, {log_id}")
    while (message := await socket.receive()) is not None:
        if message == "fail":
            raise ZeroDivisionError
        await socket.send(message if isinstance(message, str) else message.decode())


@dataclass
class Running:
    """A running server and how to reach it."""

    port: int
    https_port: int
    token: str
    store: Store
    sessions: Sessions
    sockets: OpenSockets
    limiter: TokenLimiter
    certificates: Certificates
    watcher_hub: WatcherHub
    metrics: ServerMetrics
    recent: RecentMetrics
    failures: RecentFailures
    agents: dict[str, Agent]

    @property
    def header(self) -> dict[str, str]:
        """The header a good client sends."""
        return {"Authorization": f"Bearer {self.token}"}

    def url(self, path: str = "/v1/chat") -> str:
        """The address of a path, over plain HTTP."""
        return f"ws://127.0.0.1:{self.port}{path}"

    async def raw(self, request: str) -> str:
        """Send bytes as they are and give all that comes back before the first body or frame, and a little more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request.replace("\n", "\r\n").encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b"101 Switching" not in answer:
            answer += await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.decode()

    def trusting(self) -> ssl.SSLContext:
        """What a client has that obeyed the trust line."""
        return ssl.create_default_context(cafile=str(self.certificates.bundle))


async def until(happens: Callable[[], bool]) -> None:
    """Wait for something to come true; a time-out fails the test."""
    async with asyncio.timeout(10):
        while not happens():  # noqa: ASYNC110 - what is waited for happens in the server under test
            await asyncio.sleep(0.01)


def readings_of(sessions: Sessions) -> Readings:
    """The readings of a server that has no engines: its sessions, and those that it refused."""
    return Readings(
        sessions=sessions.running,
        max_sessions=sessions.limit,
        turns=0,
        refused=sessions.refused,
        load=0.0,
        busy=0.0,
        is_overloaded=False,
        text_chats=0,
        waiting=0,
        running=0,
        oldest_wait_s=0.0,
        engine_busy_s={},
        child_processes={},
        loop_lag_s=0.0,
        loop_blocked=0,
        loop_longest_s=0.0,
    )


Start = Callable[..., Awaitable[Running]]


@asynccontextmanager
async def run_server(
    folder: Path,
    run_session: Any,
    max_sessions: int,
    *,
    location: str | Path | None = None,
    token: str = "",
    ping_interval_s: float = 20.0,
    ping_timeout_s: float = 20.0,
) -> AsyncIterator[Running]:
    """``location``: of the database, if not in ``folder``; ``token`` is one that it has already."""
    async with (
        await Store.open(location or folder / "kouyu.db", files_folder=folder / "files") as store,
        Peers.of(store.lease) as peers,
    ):
        secret = token or (await store.tokens.create("ada"))[1]
        sessions, sockets, watcher_hub = Sessions(max_sessions), OpenSockets(), WatcherHub()
        limiter, metrics = TokenLimiter(store.tokens), ServerMetrics()
        recent = RecentMetrics(metrics, lambda: readings_of(sessions))
        failures, agents = RecentFailures(), dict[str, Agent]()
        app = create_app(
            store=store,
            answerer_ids=AnswererIds(bots_of=lambda owner: ("kouyu", "tutor"), default_bot="kouyu", flows=("7",)),
            sessions=sessions,
            sockets=sockets,
            limiter=limiter,
            run_session=run_session,
            max_file_bytes=1000,
            names=("127.0.0.1", "localhost"),
            state=ServerState(
                sessions=sessions,
                watcher_hub=watcher_hub,
                scheduler=None,
                speech_engines=(RunningEngine("asr", "none"),),
                language_model=lambda: None,
                voices=0,
                bots_of=lambda owner: ("kouyu", "tutor"),
                flows=("7",),
                sounds=store.kept_sounds,
                keep_audio=None,
                watchdog=LoopWatchdog(),
                recent=recent,
                failures=failures,
                agents_of=lambda owner: agents,
                started_at=time.monotonic(),
            ),
            peers=peers,
        )
        certificates = local_certificate(folder / "tls", [])
        plain, tls = bind("127.0.0.1", 0, "--port"), bind("127.0.0.1", 0, "--https-port")
        ports = plain.getsockname()[1], tls.getsockname()[1]
        if store.is_shared:
            assert store.lease is not None
            await store.lease.announce(f"http://127.0.0.1:{ports[0]}")
        async with (
            listening(
                app,
                plain,
                tls,
                certificates,
                proxies=["127.0.0.1"],
                ping_interval_s=ping_interval_s,
                ping_timeout_s=ping_timeout_s,
            ),
            tokens_enforced(sockets, store.tokens, limiter),
        ):
            yield Running(
                *ports,
                secret,
                store,
                sessions,
                sockets,
                limiter,
                certificates,
                watcher_hub,
                metrics,
                recent,
                failures,
                agents,
            )
            await sessions.end(close_s=0.5, drain_s=0.5)


@pytest.fixture
def failures_stay_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address's failures are not forgiven with time, so that a slow machine counts as many as a fast one."""
    monkeypatch.setattr(failure_backoff, "FAILURES_PER_S", 1e-6)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a server; it is stopped when the test ends."""
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    async with AsyncExitStack() as stack:

        async def starter(
            run_session: Any = echo_session,
            max_sessions: int = 10,
            *,
            ping_interval_s: float = 20.0,
            ping_timeout_s: float = 20.0,
        ) -> Running:
            server = run_server(
                tmp_path, run_session, max_sessions, ping_interval_s=ping_interval_s, ping_timeout_s=ping_timeout_s
            )
            return await stack.enter_async_context(server)

        yield starter


@pytest.fixture
async def two_servers(shared: str, tmp_path: Path) -> AsyncIterator[tuple[Running, Running]]:
    """Two servers on one PostgreSQL database. The token of the first is good for both."""
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    async with (
        run_server(tmp_path / "1", echo_session, 10, location=shared) as first,
        run_server(tmp_path / "2", echo_session, 10, location=shared, token=first.token) as second,
    ):
        yield first, second


@pytest.fixture
async def server(start: Start) -> Running:
    """A server with the usual settings."""
    return await start()
