"""Settings that are read anew: what is put into force, what is said, and what is closed."""

import asyncio
import logging
from pathlib import Path

import pytest

from kouyu.assembly.agents import Close
from kouyu.server.process.reloading import Reloading
from kouyu.settings import Settings, SettingsError
from kouyu.settings.all_settings import ServerSettings
from kouyu.store.audit import Audit
from kouyu.store.store import Store

NEW = Settings(server=ServerSettings(max_sessions=5, port=1))


class Server:
    """What follows the settings."""

    def __init__(
        self, read: Settings | Exception, *, cannot: Exception | None = None, audit: Audit | None = None
    ) -> None:
        self.read = read
        self.cannot = cannot
        self.followed: list[Settings] = []
        self.has_followed = asyncio.Event()
        self.closed = asyncio.Event()
        self.in_use: set[asyncio.Task[None]] = set()
        self.reloading = Reloading(
            Settings(), read=self._read, follow=self._follow, in_use=lambda: self.in_use, audit=audit
        )

    def _read(self) -> Settings:
        if isinstance(self.read, Exception):
            raise self.read
        return self.read

    async def _follow(self, settings: Settings) -> Close:
        if self.cannot is not None:
            raise self.cannot
        self.followed.append(settings)
        self.has_followed.set()

        async def close() -> None:
            self.closed.set()

        return close


async def test_what_changed_and_what_cannot_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server = Server(NEW)
    await server.reloading.reload()
    assert caplog.messages == [
        "the settings were read anew; changed: server.max_sessions",
        "these settings take effect when the server is started again: server.port",
    ]
    assert [(each.server.max_sessions, each.server.port) for each in server.followed] == [(5, 8080)]
    caplog.clear()
    await server.reloading.reload()
    assert caplog.messages[0] == "the settings were read anew; changed: nothing"
    assert len(server.followed) == 1


@pytest.mark.parametrize(
    ("read", "cannot", "said"),
    [
        (SettingsError("kouyu.toml: a: wrong", "kouyu.toml: b: wrong"), None, ["a: wrong", "b: wrong"]),
        (NEW, SettingsError("bots, ada: voice_id: there is no voice"), ["no voice"]),
        (NEW, ZeroDivisionError(), [""]),
    ],
)
async def test_settings_that_cannot_be_used_change_nothing(
    read: Settings | Exception, cannot: Exception | None, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(read, cannot=cannot)
    assert await server.reloading.reload() is None
    assert server.reloading.settings == Settings()
    assert len(caplog.messages) == len(said)
    assert all(
        text in message and "stay as they were" in message for text, message in zip(said, caplog.messages, strict=True)
    )


async def test_what_is_in_force_stays_in_force_where_the_audit_log_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files") as store:
        audit = store.audit
    server = Server(NEW, audit=audit)  # of a store that is closed
    assert await server.reloading.reload() is not None
    assert server.reloading.settings.server.max_sessions == 5
    assert [record.levelname for record in caplog.records][-2:] == ["WARNING", "ERROR"]
    assert "the audit log does not have" in caplog.messages[-1]


async def test_what_was_replaced_is_closed_when_nobody_uses_it_any_more() -> None:
    server, asked, ends = Server(NEW), asyncio.Event(), asyncio.Event()

    async def session() -> None:
        await ends.wait()

    server.in_use = {asyncio.create_task(session())}
    async with asyncio.timeout(20), server.reloading.on(asked):
        asked.set()
        await server.has_followed.wait()
        await asyncio.sleep(0)
        assert not server.closed.is_set()
        ends.set()
        await server.closed.wait()


async def test_a_server_that_stops_waits_for_nobody() -> None:
    server, asked = Server(NEW), asyncio.Event()
    session = asyncio.create_task(asyncio.Event().wait())
    server.in_use = {session}  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        async with server.reloading.on(asked):
            asked.set()
            await server.has_followed.wait()
        session.cancel()
