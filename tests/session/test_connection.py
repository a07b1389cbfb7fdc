"""One connection as a whole: what its client sends and gets, on engines that answer at once."""

import asyncio
import base64
import dataclasses
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kouyu.agents.agent import AgentEvent, AgentRequest, TextDelta
from kouyu.agents.answer_limits import MOST_ANSWER
from kouyu.bench.stub_engines import open_stub_services
from kouyu.diagnostics.watcher import Wanted
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services
from kouyu.serving.socket import Take
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

AUDIO = "conversation.audio.delta"

pytestmark = pytest.mark.models


class Client:
    """A client that reads ``room`` events, and no more until it is told to."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str | None] = asyncio.Queue()
        self.read: list[str] = []
        self.taken_at: dict[str, list[float]] = {}
        self.conversation_id = ""
        self.in_force: dict[str, Any] = {}
        self.audio: list[bytes] = []
        self.has_read = asyncio.Condition()
        self.room = asyncio.Semaphore(1000)
        self._was_heard = False

    def says(self, event_type: str, **data: Any) -> None:
        self.sent.put_nowait(json.dumps({"event_type": event_type, "data": data}))

    async def until(self, event_type: str, count: int = 1) -> None:
        async with self.has_read, asyncio.timeout(20):
            await self.has_read.wait_for(lambda: self.read.count(event_type) >= count)

    async def heard(self) -> None:
        """Wait until the session has carried out all that was said."""
        async with asyncio.timeout(20):
            await self.sent.join()

    # As a Socket

    said_goodbye = False

    async def receive(self, take: Take | None = None) -> str | None:
        if self._was_heard:
            self.sent.task_done()
        self._was_heard = True
        return await self.sent.get()

    async def send(self, text: str) -> None:
        await self.room.acquire()
        event = json.loads(text)
        if event["event_type"] == "chat.updated":
            self.in_force = event["data"]
            self.conversation_id = event["data"]["chat_config"]["conversation_id"]
        if event["event_type"] == AUDIO:
            self.audio.append(base64.b64decode(event["data"]["content"]))
        self.taken_at.setdefault(event["event_type"], []).append(asyncio.get_running_loop().time())
        async with self.has_read:
            self.read.append(event["event_type"])
            self.has_read.notify_all()

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with (
        await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files") as store,
        open_stub_services(Settings(), store) as opened,
    ):
        yield opened


async def test_a_cancel_stops_the_audio_also_of_a_client_that_has_not_subscribed_to_be_told(services: Services) -> None:
    client = Client()
    client.room = asyncio.Semaphore(4)  # chat.created, chat.updated and two pieces
    with services.watcher_hub.watch(Wanted()) as watcher:
        session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
        client.says("chat.update", event_subscriptions=[AUDIO], output_audio={"pcm_config": {"frame_size_ms": 20}})
        client.says("input_text.generate_audio", mode="text", text="One two three four five six seven eight nine.")
        async with asyncio.timeout(20):
            while json.loads(await watcher.get())["fact"]["type"] != "synthesis.finished":
                pass
    client.says("conversation.chat.cancel")
    client.says("chat.update", event_subscriptions=[])
    client.says("conversation.clear")
    await client.heard()
    for _ in range(1000):
        client.room.release()
    await client.until("conversation.cleared")
    assert client.read.count(AUDIO) <= 3
    client.sent.put_nowait(None)
    await session


async def test_the_audio_that_came_and_went_is_counted_for_its_token(services: Services) -> None:
    client, caller = Client(), Caller(token_id="7")
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log", caller=caller))
    client.says("chat.update", turn_detection={"type": "client_interrupt"})
    client.says("input_audio_buffer.append", delta=base64.b64encode(bytes(2 * 24_000)).decode())
    client.says("conversation.clear")
    await client.until("conversation.cleared")
    assert caller.use.take_audio_ms() == pytest.approx(1000, abs=20)
    client.says("input_text.generate_audio", mode="text", text="One two three.")
    await client.until("conversation.audio.completed")
    sent = b"".join(client.audio)
    assert caller.use.take_audio_ms() == pytest.approx(len(sent) / 48, abs=2)
    client.sent.put_nowait(None)
    await session


async def test_an_inserted_message_is_on_disk_soon_though_no_event_tells_of_it(services: Services) -> None:
    client = Client()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    client.says("chat.update")
    await client.until("chat.updated")
    client.says("conversation.message.create", role="assistant", content_type="text", content="My name is Bob.")
    section = client.conversation_id
    async with asyncio.timeout(20):
        while not (kept := await services.store.of("").messages.context(section, section, 10)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [message.content for message in kept] == ["My name is Bob."]
    client.sent.put_nowait(None)
    await session


async def test_what_looks_wrong_is_in_the_log_and_with_the_session_though_nobody_watches(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log 7"))
    client.says("transcriptions.update")
    client.says("transcriptions.update")
    client.says("chat.update", turn_detection={"vad_typ": "server_vad", "silence_duration": 200, "type": "vad"})
    client.says("chat.update", chat_config={"conversation_id": "of another server"})
    client.sent.put_nowait("{")
    await client.until("error", 2)
    (live,) = services.watcher_hub.sessions(Wanted(log_id="log 7"))
    expected = (
        "unknown event_type 'transcriptions.update'",
        "error 4000: chat.update, turn_detection stays as it was: data.turn_detection.type is not allowed",
        "data.turn_detection.silence_duration is not known",
        "conversation_id 'of another server' does not exist",
        "error 4000: not JSON",
    )
    for hint, beginning in zip(live.hints, expected, strict=True):
        assert hint.message.startswith(beginning)
    assert [text.removeprefix("log 7: ") for text in caplog.messages] == [hint.message for hint in live.hints]
    client.sent.put_nowait(None)
    await session


async def test_whoever_watches_sees_exactly_the_errors_that_the_client_gets(services: Services) -> None:
    client = Client()
    with services.watcher_hub.watch(Wanted()) as watcher:
        session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
        client.says("input_audio_buffer.append", delta="?")
        client.says("chat.update", input_audio={"format": "ogg"})
        client.says("input_audio_buffer.append", delta=base64.b64encode(b"no Ogg stream at all" * 100).decode())
        client.says("chat.update", asr_config=1)
        client.sent.put_nowait("[]")
        await client.until("error", 4)
        client.sent.put_nowait(None)
        await session
        codes = []
        while (fact := json.loads(await watcher.get())["fact"])["type"] != "session.ended":
            codes += [fact["code"]] if fact["type"] == "error" else []
    assert codes == [4000] * client.read.count("error")


async def test_a_client_that_reads_late_gets_no_more_packets_in_a_period_than_it_asked_for(services: Services) -> None:
    client = Client()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    limit = {"period": 1, "max_frame_num": 5}
    client.says("chat.update", output_audio={"pcm_config": {"frame_size_ms": 20, "limit_config": limit}})
    await client.until("chat.updated")
    client.room = asyncio.Semaphore(5)  # sentence_start and four packets
    client.says("input_text.generate_audio", mode="text", text="One two three four five six seven eight nine ten.")
    await client.until(AUDIO, 4)
    await asyncio.sleep(1.5)
    for _ in range(1000):
        client.room.release()
    await client.until(AUDIO, 15)
    taken = client.taken_at[AUDIO]
    assert max(sum(at <= other < at + 1 for other in taken) for at in taken) <= 5
    client.sent.put_nowait(None)
    await session


async def test_a_group_or_file_that_is_not_here_is_a_hint_and_no_error(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    client.says("chat.update", voice_print_config={"group_id": "7"})
    picture = json.dumps([{"type": "image", "file_id": "8"}])
    client.says("conversation.message.create", role="assistant", content_type="object_string", content=picture)
    client.says("conversation.clear")
    await client.until("conversation.cleared")
    assert "there is no voiceprint group '7' here" in caplog.text
    assert "there is no uploaded file '8' here" in caplog.text
    assert "error" not in client.read
    client.sent.put_nowait(None)
    await session


class Endless:
    """An agent that never comes to an end."""

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        while True:
            yield TextDelta("word " * 1000)


async def test_an_answer_that_is_cut_off_is_a_completed_chat_and_whoever_watches_is_told_the_limit(
    services: Services,
) -> None:
    client = Client()
    agents: dict[str, Any] = {"kouyu": Endless()}
    endless = dataclasses.replace(services, agents=agents)
    with services.watcher_hub.watch(Wanted()) as watcher:
        session = asyncio.create_task(run_session(client, services=endless, bot_id="kouyu", log_id="log"))
        client.says("chat.update", event_subscriptions=["conversation.chat.completed", "conversation.chat.failed"])
        client.says("conversation.message.create", role="user", content_type="text", content="Go on and on.")
        await client.until("conversation.chat.completed")
        client.sent.put_nowait(None)
        await session
        facts = []
        while (fact := json.loads(await watcher.get())["fact"])["type"] != "session.ended":
            facts.append(fact)
    (failure,) = [fact for fact in facts if fact["type"] == "error"]
    assert failure["stage"] == "reply"
    assert failure["message"].startswith("the answer was cut off: ")
    assert str(MOST_ANSWER) in failure["message"]
    (done,) = [fact for fact in facts if fact["type"] == "reply.finished"]
    assert len(done["text"]) == MOST_ANSWER
    assert "conversation.chat.failed" not in client.read


async def test_a_conversation_that_is_deleted_ends_its_connection_which_is_no_failure_to_save(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    class Closed(Client):
        with_code = 0

        async def close(self, code: int, reason: str) -> None:
            assert reason == "the conversation was deleted"
            self.with_code = code
            self.sent.put_nowait(None)

    client = Closed()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    client.says("chat.update", chat_config={"user_id": "ada"})
    client.says("conversation.message.create", role="user", content_type="text", content="Hello.")
    await client.until("conversation.chat.completed")
    assert (await services.store.delete_user("", "ada")).conversations == 1
    client.says("conversation.message.create", role="user", content_type="text", content="Hello again.")
    async with asyncio.timeout(20):
        await session
    assert client.with_code == 1011
    assert services.metrics.connections.labels("deleted")._value.get() == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
