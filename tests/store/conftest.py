"""An open store. With KOUYU_TEST_POSTGRES (``postgresql://user@host/db``) these tests run on that server."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.store.store import Store
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
    server = make_url(POSTGRES).set(drivername="postgresql+asyncpg")
    name = f"kouyu_test_{secrets.token_hex(6)}"
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture
async def store(location: str | Path, clock: Clock) -> AsyncIterator[Store]:
    async with await Store.open(location, clock=clock) as opened:
        yield opened
