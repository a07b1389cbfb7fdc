import asyncio
import logging

import pytest

from kouyu.assembly import all_at_once
from kouyu.assembly.all_at_once import all_or_first_error


async def test_a_start_that_takes_long_names_what_it_still_waits_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = asyncio.Event()

    def note(record: logging.LogRecord) -> bool:
        told.set()
        return True

    monkeypatch.setattr(all_at_once, "FIRST_SAID_S", 0.01)
    caplog.set_level(logging.INFO, all_at_once.__name__)
    all_at_once.log.addFilter(note)

    async def until_told() -> str:
        await told.wait()
        return "heard"

    async def at_once() -> str:
        return "found"

    try:
        loaded = await all_or_first_error({"voice activity": at_once(), "recognition": until_told()})
    finally:
        all_at_once.log.removeFilter(note)
    assert loaded == ["found", "heard"]
    assert [record.getMessage() for record in caplog.records][:1] == ["still loading after 0.01 s: recognition"]


async def test_the_first_error_ends_the_start_once_the_rest_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    ended = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("never")

    async def broken() -> None:
        raise OSError("no weights")

    with pytest.raises(OSError, match="no weights"):
        await all_or_first_error({"recognition": never(), "voices": broken()})
    assert ended == ["never"]
    assert not caplog.records
