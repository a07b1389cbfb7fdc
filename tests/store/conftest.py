"""An open store. With KOUYU_TEST_POSTGRES (``postgresql://user@host/db``) these tests run on that server."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kouyu.store.store import Store
from tests.standins.postgres import empty_database
from tests.store.clock import Clock

POSTGRES = os.environ.get("KOUYU_TEST_POSTGRES", "")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def location(tmp_path: Path) -> AsyncIterator[str | Path]:
    """Where a fresh database is to be."""
    if not POSTGRES:
        yield tmp_path / "kouyu.db"
        return
    async with empty_database(POSTGRES) as url:
        yield url


@pytest.fixture
async def store(location: str | Path, clock: Clock) -> AsyncIterator[Store]:
    async with await Store.open(location, clock=clock) as opened:
        yield opened
