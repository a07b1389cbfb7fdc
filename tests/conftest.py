"""The running servers that tests share, each started once per run, for the first test that needs it; and how random
examples are drawn."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kouyu.workers.limited import LimitedWorkers
from tests.end_to_end.running_server import RunningServer, running_server
from tests.standins.background import in_background
from tests.standins.openai_server import OpenAIStandIn, openai_stand_in
from tests.standins.postgres import NEEDED, Postgres, empty_database, is_installed, running_postgres

# Every server of a test, and every command, runs the smallest language model: the one that is always fetched.
os.environ["KOUYU_ENGINES__EMBEDDED__TIER"] = "tiny"

# The same examples in each run, which may take as long as a busy machine needs for them. Others than these are tried
# with `pytest --hypothesis-profile=default`.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with everything as it comes: embedded recogniser, voices and LLM."""
    with running_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def workers() -> Iterator[LimitedWorkers]:
    """Worker processes that parse files, as in a server."""
    made = LimitedWorkers()
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; skips the test where none is installed."""
    if not is_installed():
        pytest.skip(NEEDED)
    with running_postgres() as server:
        yield server


@pytest.fixture
async def shared(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of an empty database on PostgreSQL, for several servers."""
    async with empty_database(postgres.url()) as url:
        yield url


@pytest.fixture(scope="session")
def questions() -> Path:
    """The folder of the spoken test questions."""
    import kouyu.bench.questions

    return Path(kouyu.bench.questions.__file__).parent


@pytest.fixture(scope="session")
def language_model() -> Iterator[OpenAIStandIn]:
    """A scripted OpenAI-compatible language model, on an event loop of its own."""
    with in_background(openai_stand_in) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def scripted_server(tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn) -> Iterator[RunningServer]:
    """A server whose bot asks the scripted model; it gives up after short times, and keeps audio."""
    config = f"""
[limits]
ignore_echo = false  # its user says, with the agent's own voice, what the agent has just said
stopped_sending_grace_ms = 5000  # and audio may be late, on a busy machine
synthesis_s = 60  # there, the voice for Mandarin may still be loading when it is to speak
reply_start_s = 2.0
reply_stall_s = 2.0

[audio]
keep = true

[[bots]]
id = "scripted"
prompt = "You are {{{{mood}}}}."
prologue = "Good morning."
variables = {{ mood = "calm" }}
[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"
"""
    with running_server(tmp_path_factory.mktemp("scripted"), config=config) as started:
        yield started
