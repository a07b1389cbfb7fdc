"""A server with stub engines obeys its settings as one with real engines does."""

from pathlib import Path

import pytest

from kouyu.bench.stub_engines import open_stub_services
from kouyu.serving.overload import OverloadLimits
from kouyu.settings import Settings
from kouyu.store.store import Store

pytestmark = pytest.mark.models


async def test_a_measured_server_refuses_nobody_for_its_load(tmp_path: Path) -> None:
    settings = Settings(overload=OverloadLimits(refuse=False))
    async with (
        await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path) as store,
        open_stub_services(settings, store) as services,
    ):
        services.overload.sampled(waited_s=100.0, lag_s=100.0, busy=1.0)
        assert not services.overload.refuses(running=1000)
