"""Tells the other servers on a PostgreSQL database what has changed, by its NOTIFY, and hears from them by LISTEN. The
processes of one server on SQLite tell each other by a NoticeBus.

A notice is sent when its transaction commits. It says what to read anew, not the new value, so it may come twice, late,
or after a newer one; UseCounted alone carries numbers, of which a lost one does little harm. Notices are few (a bot, a
section, a deletion), because a commit with a notice takes a lock of the whole database server: none is sent for
messages.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, text

log = logging.getLogger(__name__)

_CHANNEL: Final = "kouyu"
_PAUSE_S: Final = 1.0
_WAITING: Final = 1000
_SENDER: Final = "kouyu notices' sender"
_COMMITTED: Final = "kouyu notices to send once they are committed"


class BotChanged(msgspec.Struct, frozen=True, tag="bot"):
    """A bot was published, or no longer is."""

    bot_id: str


class SectionChanged(msgspec.Struct, frozen=True, tag="section"):
    """A new section of a conversation has begun."""

    conversation_id: str


class ConversationDeleted(msgspec.Struct, frozen=True, tag="deleted"):
    """A conversation was deleted; its chats are to end."""

    conversation_id: str
    owner: str


class ClientReturned(msgspec.Struct, frozen=True, tag="returned"):
    """A client has connected to the server that tells this. A connection of its that has been silent for ``since_s``
    seconds is lost, and its state to be kept (``kouyu/store/lost_connections.py``)."""

    client: str
    since_s: float


class UseCounted(msgspec.Struct, frozen=True, tag="use", omit_defaults=True):
    """What clients of a server have used of their limits: told at most once a second."""

    server: str
    """The run of the server; see ServerLease."""
    requests: dict[str, int] = {}
    """Requests since the last notice, by the id of the token."""
    conversations: dict[str, int] = {}
    """Conversations that run now, likewise."""
    failures: dict[str, int] = {}
    """Failed authentications since the last notice, by the client's address."""


Notice = BotChanged | SectionChanged | ConversationDeleted | ClientReturned | UseCounted


class _Sent(msgspec.Struct, frozen=True):
    sender: str
    notice: Notice


class NoticeBus(Protocol):
    """Carries notices between the processes of one server, on SQLite."""

    def publish(self, payload: str) -> None:
        """Send a committed notice to the other processes. Called on the thread of the writing connection."""
        ...

    def subscribe(self, take: Callable[[str], None], taken: Callable[[], Awaitable[None]]) -> None:
        """Call ``take``, on the event loop, with what the other processes publish. ``taken`` waits until all that came
        so far has had its effect here."""
        ...

    async def heard_by_all(self) -> None:
        """Wait until what this process has published has had its effect in the others. Gives up after a while."""
        ...


def notify(connection: Connection, notice: Notice) -> None:
    """Send a notice with the open transaction."""
    payload = msgspec.json.encode(_Sent(connection.info.get(_SENDER, ""), notice)).decode()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": _CHANNEL, "payload": payload})
    else:
        connection.info.setdefault(_COMMITTED, []).append(payload)


def begin(connection: Connection) -> None:
    """Forget the notices of an earlier transaction of this SQLite connection, which was rolled back."""
    connection.info.pop(_COMMITTED, None)


class Tell(msgspec.Struct, frozen=True):
    """Send a notice by itself."""

    notice: Notice

    def apply(self, connection: Connection) -> None:
        """See Write."""
        notify(connection, self.notice)


class Notices:
    """What other servers tell this one."""

    def __init__(self, connect: Callable[[], Awaitable[Any]] | None, bus: NoticeBus | None = None) -> None:
        """``connect`` opens a connection of asyncpg; None: SQLite. ``bus``: to the other processes of a server on
        SQLite, if there are any."""
        self.connect = connect
        self.connected: Callable[[Any], Awaitable[None]] = _nothing_to_do
        """Awaited with each new connection of asyncpg by which notices come."""
        self._bus = bus
        self._sender = secrets.token_hex(8)
        self._subscribers: list[Callable[[Notice], None]] = []

    @property
    def has_others(self) -> bool:
        """Whether there may be other servers."""
        return self.connect is not None or self._bus is not None

    def subscribe(self, take: Callable[[Notice], None]) -> None:
        """Call ``take`` for each notice of another server that ``listen`` gets, too."""
        self._subscribers.append(take)

    async def heard_by_all(self) -> None:
        """Wait until the other processes of this server follow what was committed. Servers on PostgreSQL do so within
        milliseconds, and are not waited for."""
        if self._bus is not None:
            await self._bus.heard_by_all()

    def committed(self, info: dict[Any, Any]) -> None:
        """Send the notices of a transaction that has been committed. ``info``: that of its SQLite connection."""
        for payload in info.pop(_COMMITTED, ()):
            if self._bus is not None:
                self._bus.publish(payload)

    def mark(self, _connection: object, record: Any) -> None:
        """Mark a new connection of this server's, so that its own notices are known. A listener for the pool's
        ``connect`` event."""
        record.info[_SENDER] = self._sender

    async def listen(self, on_notice: Callable[[Notice | None], Awaitable[None]]) -> None:
        """Call ``on_notice`` for each notice of another server, one after the other, until cancelled.

        None stands for notices that may have been missed: at each new connection, and when too many wait.
        """
        if self._bus is not None:
            await self._hear(self._bus, on_notice)
        if self.connect is None:
            return
        from asyncpg import InterfaceError, PostgresError

        while True:
            try:
                await self._listen(on_notice, await self.connect())
            except (OSError, InterfaceError, PostgresError) as fault:  # the last: of a server that starts or stops
                log.warning("no notices of other servers come (%s); trying again", fault)
            await asyncio.sleep(_PAUSE_S)

    async def _hear(self, bus: NoticeBus, on_notice: Callable[[Notice | None], Awaitable[None]]) -> None:
        waiting: asyncio.Queue[Notice | None] = asyncio.Queue()
        bus.subscribe(lambda payload: self._take(payload, waiting), waiting.join)
        await on_notice(None)
        while True:
            await self._pass_on(await waiting.get(), on_notice)
            waiting.task_done()

    async def _pass_on(self, notice: Notice | None, on_notice: Callable[[Notice | None], Awaitable[None]]) -> None:
        if notice is not None:
            for take_too in self._subscribers:
                take_too(notice)
        await on_notice(notice)

    def _take(self, payload: str, waiting: "asyncio.Queue[Any]") -> None:
        sent = msgspec.json.decode(payload, type=_Sent)
        if sent.sender == self._sender:
            return
        if waiting.qsize() < _WAITING:
            waiting.put_nowait(sent.notice)
        elif waiting.qsize() == _WAITING:
            waiting.put_nowait(None)

    async def _listen(self, on_notice: Callable[[Notice | None], Awaitable[None]], connection: Any) -> None:
        waiting: asyncio.Queue[Notice | _Ended | None] = asyncio.Queue()

        def take(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            self._take(payload, waiting)

        connection.add_termination_listener(lambda _: waiting.put_nowait(_Ended()))
        try:
            await self.connected(connection)
            await connection.add_listener(_CHANNEL, take)
            await on_notice(None)
            while not isinstance(notice := await waiting.get(), _Ended):
                await self._pass_on(notice, on_notice)
        finally:
            connection.terminate()


class _Ended:
    """The connection is lost."""


async def _nothing_to_do(_connection: object) -> None:
    pass
