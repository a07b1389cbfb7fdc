"""What is measured: servers in namespaces of their own, one PostgreSQL, engines and a language model on this side."""

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from bench.scaling import counters
from bench.scaling.counters import Counters, DatabaseCounters
from bench.scaling.namespaces import Network, Place
from kouyu.bench.children import child, own_server, serve_command
from kouyu.bench.process_usage import usage
from kouyu.bench.scripted_model import MODEL
from kouyu.bench.stub_engines import StubRecognizer, StubSynthesizer
from kouyu.engine_server.app import EngineApp
from kouyu.engine_server.process import Ready, serving
from kouyu.engine_server.served_engines import ServedEngines
from kouyu.engines.scheduler import Scheduler
from tests.standins.postgres import Postgres

_SERVER: Final = """[store]
url = "{database}"
[server]
host = "{host}"
max_sessions = 1000
[overload]
refuse = false
[engines]
asr = "remote"
tts = ["remote"]
[engines.remote]
urls = [{engines}]
token = "{token}"
[[bots]]
id = "bench"
[bots.model]
base_url = "{model}"
model = "{name}"
"""
_ENGINES: Final = """[engines]
tts = ["hibari"]
[engine_server]
host = "{host}"
port = 0
token = "{token}"
serves = ["asr", "tts"]
"""


class Engines(msgspec.Struct, frozen=True):
    """Processes that do the work of recognition and synthesis. No pids: they run in this process, as stubs."""

    urls: tuple[str, ...]
    token: str
    pids: tuple[int, ...] = ()


class Installation(msgspec.Struct, frozen=True):
    """What runs during one measurement."""

    edges: tuple[int, ...]
    """The process ids of the servers."""
    urls: tuple[str, ...]
    """Where clients reach them."""
    token: str
    places: tuple[Place, ...]
    postgres: Postgres
    database: DatabaseCounters
    engines: Engines

    async def read(self) -> Counters:
        """What it has used so far."""
        return await counters.read(self.places, self.edges, self.engines.pids, self.database)

    @property
    def edge_memory_mib(self) -> float:
        """Memory of all servers."""
        return sum(usage(pid).memory_mib for pid in self.edges)

    @property
    def database_memory_mib(self) -> float:
        """Memory of PostgreSQL with all its processes."""
        return usage(self.postgres.pid).memory_mib


@contextlib.asynccontextmanager
async def running_edges(
    folder: Path, network: Network, count: int, postgres: Postgres, database: str, engines: Engines, model: str
) -> AsyncIterator[Installation]:
    """Run ``count`` servers in the first places of the network, on an empty database, while the block runs."""
    settings = _SERVER.format(
        database=database,
        host="0.0.0.0" if network.is_isolated else "127.0.0.1",
        engines=", ".join(f'"{url}"' for url in engines.urls),
        token=engines.token,
        model=model,
        name=MODEL,
    )
    places = network.places[:count]
    async with AsyncExitStack() as stack:
        started = []
        for number, place in enumerate(places):  # one after the other: the first one makes the tables and the token
            own = folder / f"edge-{number}"
            own.mkdir(parents=True)
            (own / "kouyu.toml").write_text(settings, encoding="utf-8")
            command = place.command(*serve_command(own, own / "kouyu.toml"))
            address, _ = await stack.enter_async_context(own_server(own, *command))
            started.append(address)
        yield Installation(
            edges=tuple(address.pid for address in started),
            urls=tuple(
                f"http://{place.address}:{urlsplit(address.http).port}"
                for place, address in zip(places, started, strict=True)
            ),
            token=started[0].token,
            places=places,
            postgres=postgres,
            database=await stack.enter_async_context(DatabaseCounters(database)),
            engines=engines,
        )


@contextlib.asynccontextmanager
async def stub_engines(network: Network) -> AsyncIterator[Engines]:
    """Engines in this process that take as long as real ones, and no processor time but for the requests."""
    host, token = network.addresses["engines"], secrets.token_hex(8)
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(1)
        stack.push_async_callback(scheduler.close)
        served = ServedEngines(scheduler=scheduler, recognizer=StubRecognizer(), synthesizers=(StubSynthesizer(),))
        listener = stack.enter_context(socket.create_server((host, 0), backlog=128))
        listener.setblocking(False)
        await stack.enter_async_context(serving(EngineApp(served, token=token), listener))
        yield Engines((f"http://{host}:{listener.getsockname()[1]}",), token)


@contextlib.asynccontextmanager
async def real_engines(folder: Path, network: Network, replicas: int) -> AsyncIterator[Engines]:
    """So many processes of ``kouyu engines``, with Whisper and hibari."""
    host, token = network.addresses["engines"], secrets.token_hex(8)
    async with AsyncExitStack() as stack:
        ready: list[Ready] = []
        for number in range(replicas):
            own = folder / f"engines-{number}"
            own.mkdir(parents=True)
            (own / "kouyu.toml").write_text(_ENGINES.format(host=host, token=token), encoding="utf-8")
            process = await stack.enter_async_context(child(own, "kouyu", "engines", "--print-json"))
            assert process.stdout is not None
            line = await process.stdout.readline()
            if not line:
                raise RuntimeError(f"engines did not start: {(own / 'log').read_text(encoding='utf-8')[-2000:]}")
            ready.append(msgspec.json.decode(line, type=Ready))
        yield Engines(tuple(each.url for each in ready), token, tuple(each.pid for each in ready))
