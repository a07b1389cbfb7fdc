"""What is too old goes while the server runs, by the settings."""

import asyncio
import logging
from pathlib import Path

import pytest

from kouyu.server.process.retention import enforce_once, retention_enforced
from kouyu.settings.all_settings import RetentionSettings, Settings
from kouyu.store.conversations import CreateConversation
from kouyu.store.store import Store

DAY_S = 86_400
OLD = CreateConversation(id="old", bot_id="bot", created_at=DAY_S)


def keeping(days: int) -> Settings:
    return Settings(retention=RetentionSettings(conversations_days=days))


async def test_conversations_are_kept_for_the_days_of_the_settings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with await Store.open(tmp_path / "kouyu.db") as store:
        await store.of("").write(OLD)
        for days, now in ((0, 1e9), (7, 8.0 * DAY_S)):
            await enforce_once(store, keeping(days), [], now)
            assert await store.of("").conversations.get("old") is not None
        await enforce_once(store, keeping(7), [], 8.0 * DAY_S + 1)
        assert await store.of("").conversations.get("old") is None
    assert "deleted what is older than 7 days: 1 conversations" in caplog.text


async def test_it_is_done_at_the_start_and_stops_with_the_server(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        await store.of("").write(OLD)

        async def live() -> list[str]:
            return []

        async with (
            retention_enforced(store, lambda: keeping(1), live),
            asyncio.timeout(10),
        ):
            while await store.of("").conversations.get("old") is not None:  # noqa: ASYNC110 - a task of the block
                await asyncio.sleep(0.01)
