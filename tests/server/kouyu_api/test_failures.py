"""The last failures, with their reasons, and whether the server behind each bot answers."""

import asyncio

import httpx

from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.reaching import Reach
from kouyu.conversation.effects import Send
from kouyu.conversation.inputs import TimePassed
from kouyu.domain.chats import Chat, LastError
from kouyu.domain.events import ChatFailed, RequestRefused
from kouyu.metrics.recent_failures import KEPT, OWNERS, RecentFailures
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.turn_times import TurnTimes
from kouyu.server.kouyu_api.bot_endpoints import CHECKED_EVERY_S, EndpointChecks
from tests.server.conftest import Running
from tests.standins.openai_server import openai_stand_in


async def get(server: Running, path: str, secret: str = "") -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        return await client.get(path, headers={"Authorization": f"Bearer {secret or server.token}"})


async def test_failures_are_listed_newest_first_for_their_owner_alone(server: Running) -> None:
    server.failures.noting("", log_id="log 1", bot_id="kouyu")("chat", 5000, "the model cannot be reached")
    server.failures.noting("", log_id="log 2", bot_id="kouyu")("error", 4000, "data.delta: no base64")
    server.failures.noting("shop", log_id="log 3", bot_id="kouyu")("error", 4000, "theirs")
    listed = (await get(server, "/v1/kouyu/failures")).json()["data"]
    assert [(each["log_id"], each["kind"], each["code"]) for each in listed] == [
        ("log 2", "error", 4000),
        ("log 1", "chat", 5000),
    ]
    assert listed[1]["message"] == "the model cannot be reached"
    _, secret = await server.store.tokens.create("phone", permissions=("voice", "text", "own_diagnostics"))
    assert (await get(server, "/v1/kouyu/failures", secret)).status_code == 403
    assert (await get(server, "/v1/kouyu/endpoints", secret)).status_code == 403


def test_what_is_kept_is_bounded() -> None:
    failures = RecentFailures(clock=lambda: 5.0)
    for owner in range(OWNERS + 10):
        for code in range(KEPT + 5):
            failures.noting(str(owner), log_id="log", bot_id="bot")("error", code, "")
    assert failures.of("0") == ()
    assert [each.code for each in failures.of(str(OWNERS))] == list(range(KEPT + 4, 4, -1))


def test_a_failed_chat_and_an_error_event_are_failures_of_their_session() -> None:
    noted: list[tuple[str, int, str]] = []
    times = TurnTimes(ServerMetrics(), failed=lambda *failure: noted.append(failure))
    chat = Chat(
        id="1",
        conversation_id="2",
        bot_id="3",
        created_at=1,
        last_error=LastError(5000, "no answer"),
        status="failed",
        section_id="2",
    )
    times.follow(TimePassed(), [Send(ChatFailed(chat))], 1.0)
    times.follow(TimePassed(), [Send(RequestRefused(4000, "no such voice"))], 2.0)
    assert noted == [("chat", 5000, "no answer"), ("error", 4000, "no such voice")]


def bot(base_url: str) -> LanguageModelBot:
    endpoint = ModelEndpoint(base_url=base_url, model="some-model")
    return LanguageModelBot(BotDefinition(id="b", name="B", prompt="Be kind."), endpoint)


async def test_each_bots_endpoint_is_asked(server: Running) -> None:
    async with openai_stand_in() as model:
        server.agents.update(good=bot(model.base_url), dead=bot("http://127.0.0.1:9/v1"))
        server.failures.noting("", log_id="log 1", bot_id="dead")("chat", 5000, "it cannot be reached")
        try:
            good, dead = (await get(server, "/v1/kouyu/endpoints")).json()["data"]
        finally:
            await asyncio.gather(*(agent.close() for agent in server.agents.values()))
    assert (good["bot_id"], good["model"], good["reach"]["state"]) == ("good", "some-model", "reachable")
    assert (dead["reach"]["state"], dead["reach"]["detail"]) == ("unreachable", "no connection")
    assert (good["last_failure"], dead["last_failure"]["message"]) == (None, "it cannot be reached")
    assert good["address"] == dead["address"] == ""  # the token may not administer


async def test_the_address_is_for_administrators(server: Running) -> None:
    server.agents["dead"] = bot("http://user:secret@127.0.0.1:9/v1")
    _, secret = await server.store.tokens.create("admin", permissions=("diagnostics", "administration"))
    try:
        (dead,) = (await get(server, "/v1/kouyu/endpoints", secret)).json()["data"]
    finally:
        await server.agents["dead"].close()
    assert dead["address"] == "http://127.0.0.1:9/v1"


class Counted:
    """An agent that counts how often it is asked."""

    address, model_name, asked = "http://model/v1", "m", 0

    async def reach(self) -> Reach:
        self.asked += 1
        await asyncio.sleep(0)
        return Reach("reachable")


async def test_an_endpoint_is_asked_once_in_a_while_however_often_the_list_is_read() -> None:
    now = [0.0]
    checks, agent = EndpointChecks(clock=lambda: now[0]), Counted()
    await asyncio.gather(*(checks.reach(agent) for _ in range(10)))
    await checks.reach(agent)
    assert agent.asked == 1
    now[0] = CHECKED_EVERY_S
    await checks.reach(agent)
    assert agent.asked == 2
