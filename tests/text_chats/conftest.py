"""A server that is asked in writing: real HTTP, a real store, real bots, on a model that says what it is told to."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from cozepy import AsyncCoze, AsyncHTTPClient, AsyncTokenAuth, Coze, SyncHTTPClient, TokenAuth

from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.flow import Flow, FlowRequest
from kouyu.bench.stub_engines import StubSynthesizer
from kouyu.conversation.limits import Limits
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets
from kouyu.server.access.sessions import Sessions
from kouyu.server.app import create_app
from kouyu.server.peers.peers import Peers
from kouyu.server.process.certificates import Certificates, local_certificate
from kouyu.server.process.tcp_listeners import bind, listening
from kouyu.server.sockets.chat import AnswererIds
from kouyu.serving.overload import Overload
from kouyu.store.chats import ChatRecord
from kouyu.store.store import Store
from kouyu.text_chats.services import ChatServices
from kouyu.text_chats.text_chats import TextChats
from tests.server.conftest import echo_session
from tests.standins.openai_server import OpenAIStandIn, openai_stand_in

T = TypeVar("T")
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
LIMITS = Limits(tool_outputs_s=5.0, reply_start_s=5.0, reply_stall_s=5.0)


@dataclass
class Writing:
    """The server, and what stands behind it."""

    base_url: str
    token: str
    store: Store
    chats: TextChats
    model: OpenAIStandIn
    http: httpx.AsyncClient
    overload: Overload
    flow_requests: list[FlowRequest] = field(default_factory=list)

    async def post(self, path: str, body: Any = None, **query: str) -> Any:
        """The JSON answer."""
        return (await self.http.post(path, params=query, json=body)).json()

    async def events(self, path: str, body: Any, **query: str) -> list[tuple[str, Any]]:
        """A stream to its end: names and data."""
        return [event async for event in self.stream(path, body, **query)]

    async def stream(self, path: str, body: Any, **query: str) -> AsyncGenerator[tuple[str, Any], None]:
        """A stream's events as they come; a line that is not as rest.md 4.2 has it fails the test."""
        async with self.http.stream("POST", path, params=query, json=body) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.aiter_lines()
            async for line in lines:
                assert line.startswith("event:")
                data = await anext(lines)
                assert data.startswith("data:")
                assert await anext(lines) == ""
                yield line[6:], httpx.Response(200, content=data[5:]).json()

    async def until(self, chat_id: str, status: str) -> ChatRecord:
        """Wait until a chat is kept with this status."""
        async with asyncio.timeout(10):
            while (chat := await self.store.of("").chats.get(chat_id)) is None or chat.status != status:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return chat

    async def told(self) -> list[tuple[str, str]]:
        """What the model was told last, without the prompt."""
        return [(m["role"], m["content"]) for m in self.model.requests[-1].messages if m["role"] != "system"]


def asked(text: str = "Why is the sky blue?", **fields: Any) -> dict[str, Any]:
    """The body of a question."""
    message = {"role": "user", "content": text, "content_type": "text"}
    return {"bot_id": "plain", "user_id": "ada", "additional_messages": [message], "stream": True, **fields}


def _bots(model: OpenAIStandIn) -> dict[str, LanguageModelBot]:
    endpoint = ModelEndpoint(base_url=model.base_url, model="stand-in", first_token_timeout_s=5)

    def bot(bot_id: str, **fields: Any) -> LanguageModelBot:
        return LanguageModelBot(BotDefinition(id=bot_id, name=bot_id, **fields), endpoint)

    return {
        "plain": bot("plain", prompt="You are {{mood}}.", variables={"mood": "calm"}),
        "tools": bot("tools", tools=(WEATHER,)),
        "curious": bot("curious", follow_up=True),
    }


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once: they take a while."""
    return local_certificate(tmp_path_factory.mktemp("tls"), [])


@pytest.fixture
async def writing(request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates) -> AsyncIterator[Writing]:
    """The server, for one test. Its parameter, where there is one, is its limits."""
    limits = getattr(request, "param", LIMITS)
    async with openai_stand_in() as model, writing_server(tmp_path / "kouyu.db", model, certificates, limits) as server:
        yield server


@pytest.fixture
async def two_writing(shared: str, certificates: Certificates) -> AsyncIterator[tuple[Writing, Writing]]:
    """Two servers on one PostgreSQL database, with one model. The token of the first is good for both."""
    async with (
        openai_stand_in() as model,
        writing_server(shared, model, certificates) as first,
        writing_server(shared, model, certificates, token=first.token) as second,
    ):
        yield first, second


@asynccontextmanager
async def writing_server(
    location: str | Path, model: OpenAIStandIn, certificates: Certificates, limits: Limits = LIMITS, token: str = ""
) -> AsyncIterator[Writing]:
    """A server on a database. ``token`` is one that the database has already."""
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    flow_requests: list[FlowRequest] = []

    async def orders(request: FlowRequest) -> AsyncIterator[str]:
        flow_requests.append(request)
        yield f"You asked {request.user_input}"
        yield f" in {request.parameters['shop']}."

    async def as_json(request: FlowRequest) -> str:
        return '{"answer": 7}'

    async def broken(request: FlowRequest) -> str:
        raise ZeroDivisionError

    async def endless(request: FlowRequest) -> AsyncIterator[str]:
        flow_requests.append(request)
        yield "Wait"
        await asyncio.Event().wait()

    async with AsyncExitStack() as stack, await Store.open(location) as store:
        assert store.lease is not None
        secret = token or (await store.tokens.create("ada"))[1]
        bots = _bots(model)
        services = ChatServices(
            store=store,
            ids=store.ids,
            limits=limits,
            bots_of=lambda owner: bots,
            flows={
                "orders": Flow("orders", orders, parameters={"shop": "the north"}),
                "json": Flow("json", as_json, parameters={}),
                "broken": Flow("broken", broken, parameters={}),
                "endless": Flow("endless", endless, parameters={}),
            },
            synthesizer=StubSynthesizer(),
        )
        overload = Overload()
        chats = TextChats(services, limit=3, is_overloaded=lambda: overload.is_high)
        plain, tls = bind("127.0.0.1", 0, "--port"), bind("127.0.0.1", 0, "--https-port")
        base_url = f"http://127.0.0.1:{plain.getsockname()[1]}"
        await store.lease.announce(base_url)
        peers = await stack.enter_async_context(Peers.of(store.lease))
        app = create_app(
            store=store,
            answerer_ids=AnswererIds(bots_of=lambda owner: bots, default_bot="plain", flows=("orders",)),
            sessions=Sessions(1),
            sockets=OpenSockets(),
            limiter=TokenLimiter(store.tokens),
            run_session=echo_session,
            max_file_bytes=1000,
            chats=chats,
            peers=peers,
        )
        headers = {"Authorization": f"Bearer {secret}"}
        async with (
            listening(app, plain, tls, certificates, ping_interval_s=20, ping_timeout_s=20),
            httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=20) as http,
        ):
            yield Writing(base_url, secret, store, chats, model, http, overload, flow_requests)
            await chats.end()
        for each in bots.values():
            await each.close()


Run = Callable[[Callable[[Coze], Any]], Awaitable[Any]]


@pytest.fixture
def coze(writing: Writing) -> Run:
    """Runs something with cozepy, on a thread since it blocks."""

    async def run(ask: Callable[[Coze], T]) -> T:
        with SyncHTTPClient(trust_env=False) as http:
            client = Coze(TokenAuth(writing.token), base_url=writing.base_url, http_client=http)
            return await asyncio.to_thread(ask, client)

    return run


@pytest.fixture
async def async_coze(writing: Writing) -> AsyncIterator[AsyncCoze]:
    """The asynchronous cozepy."""
    async with AsyncHTTPClient(trust_env=False) as http:
        yield AsyncCoze(AsyncTokenAuth(writing.token), base_url=writing.base_url, http_client=http)
