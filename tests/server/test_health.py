"""The health endpoints, and what makes a server not ready."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from kouyu.server import health
from kouyu.server.access.sessions import Sessions
from kouyu.server.health import ENGINES_DOWN, LEAST_FREE_BYTES, HealthChecks, health_routes
from kouyu.server.siblings.shared_counts import SharedCounts
from kouyu.server.siblings.siblings import Siblings
from kouyu.store.errors import StoreError
from kouyu.store.store import Store


async def answered(path: str, **given: Any) -> tuple[int, Any]:
    conditions: dict[str, Any] = {"sessions": Sessions(1), "store": None, "free_bytes": lambda: None}
    routes = health_routes(HealthChecks(**(conditions | given)))
    async with AsyncTestClient(Litestar(routes, openapi_config=None, logging_config=None)) as client:
        answer = await client.get(path)
    return answer.status_code, answer.json()


async def test_a_server_that_is_well_is_ready(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        status, body = await answered("/health/ready", store=store)
    assert status == 200
    assert body["status"] == "ready"
    assert set(body["checks"].values()) == {"ok"}


async def test_health_of_a_server_that_cannot_save_is_not_good() -> None:
    status, body = await answered("/health", free_bytes=lambda: LEAST_FREE_BYTES - 1)
    assert status == 503
    assert "disk is full" in body["status"]


def without_engines() -> Siblings:
    counts = SharedCounts(2)
    counts.engines_down = True
    return Siblings(counts)


async def test_health_says_when_the_process_of_the_engines_is_gone() -> None:
    status, body = await answered("/health", siblings=without_engines())
    assert (status, body["status"]) == (200, "ok")
    assert "is being started again" in body["engines"]
    assert (await answered("/health"))[1]["engines"] == "ok"


def stopping() -> Sessions:
    sessions = Sessions(1)
    sessions.refuse_new()
    return sessions


def overloaded() -> Sessions:
    sessions = Sessions(1)
    for _ in range(8):
        sessions.overload.answered(3.0)
    return sessions


@pytest.mark.parametrize(
    ("check", "said", "given"),
    [
        ("stopping", "the server is stopping", lambda: {"sessions": stopping()}),
        ("places", "as many sessions as max_sessions run", lambda: {"sessions": Sessions(0)}),
        ("disk", "the disk is full: nothing can be saved", lambda: {"free_bytes": lambda: 0}),
        ("engines", ENGINES_DOWN, lambda: {"siblings": without_engines()}),
        ("load", "a quarter of the answers take 3.0 s or longer", lambda: {"sessions": overloaded()}),
    ],
)
async def test_what_is_the_matter_is_said_and_the_process_is_alive_all_the_same(
    check: str, said: str, given: Callable[[], dict[str, Any]]
) -> None:
    conditions = given()
    status, body = await answered("/health/ready", **conditions)
    assert status == 503
    assert body["status"] == "not ready"
    assert body["checks"].pop(check) == said
    assert set(body["checks"].values()) == {"ok"}
    assert (await answered("/health/live", **conditions))[0] == 200


class LostDatabase:
    """The part of a store that is asked, with a database that is gone, or that never answers."""

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    async def check(self) -> None:
        if not self._answers:
            await asyncio.Event().wait()
        raise StoreError("the database cannot be read: it is gone")


@pytest.mark.parametrize(
    ("answers", "said"),
    [(True, "the database cannot be read: it is gone"), (False, "the database has not answered within 0.01 s")],
)
async def test_a_database_that_is_gone_or_does_not_answer_is_reported(
    answers: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DATABASE_S", 0.01)
    status, body = await answered("/health/ready", store=LostDatabase(answers=answers))
    assert (status, body["checks"]["database"]) == (503, said)
