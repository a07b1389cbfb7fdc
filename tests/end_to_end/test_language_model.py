"""What a server says of its embedded language model."""

import pytest

from kouyu.bench.children import ServerAddress
from kouyu.bench.latency_run import embedded_model_of
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


async def test_the_log_and_the_status_name_the_tier_and_the_reason(server: RunningServer) -> None:
    assert "language model: tiny (SmolLM2-135M-Instruct), because the settings choose it" in server.log()
    assert await embedded_model_of(ServerAddress(server.http, server.token)) == "tiny (SmolLM2-135M-Instruct)"


async def test_a_benchmark_whose_token_may_not_ask_leaves_the_model_open(server: RunningServer) -> None:
    assert await embedded_model_of(ServerAddress(server.http, "kouyu_wrong")) == ""
