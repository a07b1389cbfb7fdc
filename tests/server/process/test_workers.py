"""A server in two worker processes: how sessions spread, what the end of a process costs, and what there is one of."""

# ruff: noqa: ASYNC110, ASYNC240 - what other processes do is waited for

import asyncio
import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from kouyu.client.voice_client import RefusedByServer, VoiceClient, open_client
from kouyu.domain.ids import server_of
from kouyu.server.process.data_folder import DataFolderInUse, open_data_folder
from kouyu.store.chats import ChatRecord
from kouyu.store.store import Store
from tests.server.worker_sessions import CRASH, FAIL, GO, HANG, WAIT

PATIENCE_S = 120
"""Far more than it takes, for a machine that is busy with other tests."""


class Server:
    """A server in two processes, on the data folder ``folder``."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        command = (sys.executable, "-m", "tests.server.workers_process", str(folder), *arguments)
        self.log = folder.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        self.told: Any = None

    def is_ready(self) -> bool:
        """Wait until it is ready; False if it ends before."""
        assert self.process.stdout
        timer = threading.Timer(PATIENCE_S, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        self.told = msgspec.json.decode(line) if line else None
        return bool(line)

    def client(self) -> Any:
        return open_client(self.told["http"], self.told["token"])

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.told['token']}"}

    async def get(self, path: str, *, at: str = "") -> httpx.Response:
        """``at``: the address of one worker; else whichever takes the connection answers."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            return await client.get((at or self.told["http"]) + path, headers=self.header)

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Ask until what is answered meets a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds(answer := (await self.get(path)).json()):
                await asyncio.sleep(0.05)
        return answer

    async def status(self, holds: Callable[[Any], bool] = lambda status: True) -> Any:
        """Ask for the status until it meets a condition."""
        return (await self.until("/v1/kouyu/status", lambda answer: holds(answer["data"])))["data"]

    def addresses(self) -> list[str]:
        """Those of the workers for each other, by their numbers in the database."""
        with closing(sqlite3.connect(self.folder / "kouyu.db")) as database:
            return [
                each for (each,) in database.execute("SELECT address FROM servers WHERE address != '' ORDER BY number")
            ]

    async def idle(self) -> None:
        """Wait until no session runs."""
        await self.until("/health", lambda health: health["sessions"] == 0)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, PATIENCE_S)

    def workers(self) -> list[int]:
        """The ids of its child processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Server]:
    folder.mkdir(mode=0o700)
    server = Server(folder, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        server.process.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share which leave it running."""
    with running(tmp_path_factory.mktemp("workers") / "data") as started:
        assert started.is_ready(), started.log.read_text()
        yield started


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may end. It lets turns end, however slow the machine is."""
    with running(tmp_path / "data", "drain_s=600") as started:
        assert started.is_ready(), started.log.read_text()
        yield started


async def event(client: VoiceClient, kind: str) -> Any:
    """Wait for an event; return its data."""
    async with asyncio.timeout(PATIENCE_S):
        async for each in client.events():
            if each.type == kind:
                return each.data
    raise AssertionError(f"the connection ended before {kind}")


async def process_of(client: VoiceClient) -> int:
    """The process that serves a new client."""
    return int((await event(client, "process"))["pid"])


async def ask(client: VoiceClient, question: str) -> None:
    message = {"role": "user", "content_type": "text", "content": question}
    await client.send("conversation.message.create", message)


async def answered(client: VoiceClient, question: str) -> tuple[str, str]:
    """Ask in writing; return the conversation and the answer."""
    await ask(client, question)
    async with asyncio.timeout(PATIENCE_S):
        async for each in client.events():
            if each.type == "conversation.message.completed" and each.data["type"] == "answer":
                text = each.data["content"]
            if each.type == "conversation.chat.completed":
                return each.data["conversation_id"], text
    raise AssertionError("the connection ended")


async def begun(client: VoiceClient, question: str) -> Any:
    """Ask in writing; return the chat that begins."""
    await ask(client, question)
    return await event(client, "conversation.chat.in_progress")


async def continue_in(client: VoiceClient, conversation_id: str) -> None:
    await client.send("chat.update", {"chat_config": {"conversation_id": conversation_id}})


async def kept_as(store: Store, chat_id: str, status: str) -> ChatRecord:
    async with asyncio.timeout(PATIENCE_S):
        while (kept := await store.of("").chats.get(chat_id)) is None or kept.status != status:
            await asyncio.sleep(0.05)
    return kept


async def dialled(stack: AsyncExitStack, server: Server, count: int) -> list[tuple[int, VoiceClient]]:
    """Clients that dial at once, each with the process that serves it."""
    clients = await asyncio.gather(*(stack.enter_async_context(server.client()) for _ in range(count)))
    return [(await process_of(client), client) for client in clients]


async def one_at_each(stack: AsyncExitStack, server: Server) -> tuple[tuple[int, VoiceClient], tuple[int, VoiceClient]]:
    """Two clients at different workers. Sockets of earlier clients may still be closing, and count until then."""
    first = (await dialled(stack, server, 1))[0]
    async with asyncio.timeout(PATIENCE_S):
        while (second := (await dialled(stack, server, 1))[0])[0] == first[0]:
            await second[1]._connection.close()
    return first, second


async def test_sessions_spread_evenly_also_beside_clients_that_keep_connections(server: Server) -> None:
    await server.idle()
    async with AsyncExitStack() as stack, httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as keeping:
        # These connections stay open, at whichever worker: they count for nothing.
        await asyncio.gather(*(keeping.get(f"{server.told['http']}/health/live") for _ in range(15)))
        sessions = await dialled(stack, server, 10)
        assert sorted(Counter(process for process, _ in sessions).values()) == [5, 5]
        emptied = sessions[0][0]
        async with AsyncExitStack() as leaving:
            for process, client in sessions:
                if process == emptied:
                    leaving.push_async_callback(client._connection.close)
        await server.until("/health", lambda health: health["sessions"] == 5)
        # Those who dial now all come to the worker whose sessions have ended.
        later = await dialled(stack, server, 4)
        assert {process for process, _ in later} == {emptied}


async def test_tls_is_served_by_all(server: Server) -> None:
    await server.idle()
    trust = ssl.create_default_context(cafile=server.told["ca"])
    url = server.told["https"].replace("https", "wss", 1) + "/v1/chat"
    async with (
        connect(url, additional_headers=server.header, ssl=trust) as first,
        connect(url, additional_headers=server.header, ssl=trust) as second,
    ):
        for each in (first, second):
            assert msgspec.json.decode(await each.recv())["data"]["pid"] in server.workers()


async def test_changed_settings_come_to_all_workers_and_the_limit_is_of_all_together(server: Server) -> None:
    (server.folder / "kouyu.toml").write_text("[server]\nmax_sessions = 3\n")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(4):
        await server.until("/health", lambda health: health["max_sessions"] == 3)
    await server.idle()
    async with AsyncExitStack() as stack:
        await one_at_each(stack, server)
        await dialled(stack, server, 1)
        with pytest.raises(RefusedByServer, match="the server answered 503"):
            await stack.enter_async_context(server.client())
        assert (await server.get("/health")).json()["sessions"] == 3
    (server.folder / "kouyu.toml").write_text("")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(4):
        await server.until("/health", lambda health: health["max_sessions"] == 100)
    async with await Store.open(server.folder / "kouyu.db", recover=False) as store:
        async with asyncio.timeout(PATIENCE_S):
            while len(reloads := [each for each in await store.audit.list() if each.action == "settings.reloaded"]) < 2:
                await asyncio.sleep(0.05)
    assert [each.detail for each in reloads] == ["server.max_sessions"] * 2


async def test_a_section_that_begins_in_one_worker_is_seen_in_the_other(server: Server) -> None:
    await server.idle()
    async with server.client() as first, server.client() as second:
        conversation_id, said = await answered(first, "Hello")
        assert said == "I know 1."
        await continue_in(second, conversation_id)
        assert (await answered(second, "Do you know me?"))[1] == "I know 3."
        await second.send("conversation.clear")
        await event(second, "conversation.cleared")
        # The other worker is told within milliseconds: the answer is one of the old section or of the new one.
        async with asyncio.timeout(PATIENCE_S):
            while (await answered(first, "And now?"))[1] not in ("I know 1.", "I know 3."):
                await asyncio.sleep(0.05)


async def test_a_conversation_goes_on_at_another_worker_and_no_chat_stays_in_progress(server: Server) -> None:
    await server.idle()
    before = server.workers()
    async with (
        AsyncExitStack() as stack,
        await Store.open(server.folder / "kouyu.db", recover=False) as store,
    ):
        (killed, client), (_, untouched) = await one_at_each(stack, server)
        conversation_id, _ = await answered(client, "Hello")
        chat = await begun(client, HANG)
        assert server_of(chat["id"]) != server_of((await begun(untouched, HANG))["id"])
        await kept_as(store, chat["id"], "in_progress")
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await client.ended()
        again = await stack.enter_async_context(server.client())
        assert await process_of(again) != killed
        await continue_in(again, conversation_id)
        assert (await answered(again, "Are you there?"))[1] in ("I know 3.", "I know 4.")
        failed = await kept_as(store, chat["id"], "failed")
        assert failed.last_error is not None
        assert failed.last_error.msg == "the server stopped in the middle of this chat"
        await untouched.send("conversation.chat.cancel")
        await event(untouched, "conversation.chat.canceled")
    async with asyncio.timeout(PATIENCE_S):
        while len(server.workers()) < 2:
            await asyncio.sleep(0.05)
    new = set(server.workers()) - set(before)
    assert len(new) == 1
    assert "has ended: its process was ended by signal 9 (Killed); it is started again" in server.log.read_text()
    await server.idle()
    async with asyncio.timeout(PATIENCE_S):
        while True:  # the new one takes its share once it has loaded
            async with AsyncExitStack() as stack:
                if new <= {process for process, _ in await dialled(stack, server, 2)}:
                    break


def value(text: str, name: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + " "))


async def test_metrics_are_those_of_all_workers_and_do_not_fall_when_one_ends(server: Server) -> None:
    await server.idle()
    completed = 'kouyu_turns_total{outcome="completed"}'
    before = value((await server.get("/metrics")).text, completed)
    async with AsyncExitStack() as stack:
        (killed, first), (_, second) = await one_at_each(stack, server)
        await answered(first, "Hello")
        await answered(second, "Hello")
        for _ in range(2):  # whichever worker answers
            text = (await server.get("/metrics")).text
            assert (value(text, "kouyu_sessions"), value(text, completed)) == (2, before + 2)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await first.ended()
        text = (await server.get("/metrics")).text
        assert (value(text, "kouyu_sessions"), value(text, completed)) == (1, before + 2)
    points = await server.until("/v1/kouyu/metrics", lambda answer: len(answer["data"]["at"]) > 0)
    assert max(points["data"]["sessions"]) <= 10


def workers_of(status: Any) -> list[Any]:
    return [each for each in status["processes"] if each["role"] == "worker"]


async def test_the_status_lists_the_processes_whichever_worker_answers(server: Server) -> None:
    await server.idle()
    async with AsyncExitStack() as stack:
        await one_at_each(stack, server)
        for address in server.addresses():
            answer = await server.get("/v1/kouyu/status", at=address)
            status = answer.json()["data"]
            assert [each["role"] for each in status["processes"]] == ["parent", "worker", "worker"]
            assert status["processes"][0]["pid"] == server.process.pid
            assert sorted(each["pid"] for each in workers_of(status)) == sorted(server.workers())
            assert [(each["number"], each["state"], each["sessions"]) for each in workers_of(status)] == [
                (1, "running", 1),
                (2, "running", 1),
            ]
            assert all(each["connections"] >= 1 for each in workers_of(status))
            assert (status["sessions"], status["servers"], len(status["live"])) == (2, [], 2)
            assert status["scheduler"]["workers"] == sum(each["scheduler"]["workers"] for each in workers_of(status))
            if sys.platform == "linux":
                resident = [each["resident_bytes"] for each in status["processes"]]
                assert status["memory"]["resident_bytes"] == sum(resident) > 3 * min(resident) > 0


async def test_failures_are_those_of_all_workers(server: Server) -> None:
    await server.idle()
    before = len((await server.get("/v1/kouyu/failures")).json()["data"])
    async with AsyncExitStack() as stack:
        for _, client in await one_at_each(stack, server):
            await ask(client, FAIL)
            await event(client, "conversation.chat.failed")
    for address in server.addresses():
        failures = (await server.get("/v1/kouyu/failures", at=address)).json()["data"]
        assert len(failures) == before + 2
        assert "it has no answer" in failures[0]["message"]
        assert len({each["log_id"] for each in failures[:2]}) == 2


async def test_a_chat_is_cancelled_through_another_worker(server: Server) -> None:
    first, second = server.addresses()
    question = {"bot_id": "kouyu", "user_id": "u", "additional_messages": [{"role": "user", "content": HANG}]}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S, headers=server.header) as http:
        chat = (await http.post(f"{first}/v3/chat", json=question)).json()["data"]
        which = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        cancelled = (await http.post(f"{second}/v3/chat/cancel", json=which)).json()
        assert (cancelled["code"], cancelled["data"]["status"]) == (0, "canceled")
        known = (await http.get(f"{first}/v3/chat/retrieve", params=which)).json()["data"]
        assert known["status"] == "canceled"


async def test_a_worker_that_ends_whenever_it_starts_is_started_after_ever_longer_pauses(server: Server) -> None:
    await server.idle()
    already = len(server.log.read_text())
    (server.folder / CRASH).touch()
    async with AsyncExitStack() as stack:
        (killed, _), (_, other) = await one_at_each(stack, server)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                said = server.log.read_text()[already:]
                pauses = [float(each) for each in re.findall(r"it is started again in ([\d.]+) s", said)]
                if len(pauses) >= 3:
                    break
                await asyncio.sleep(0.05)
        assert all(later == pytest.approx(min(30, 2 * sooner), abs=0.11) for sooner, later in pairwise(pauses))
        assert "in a row: mend what its own lines above name" in said
        assert "could not be started again: its process ended with status 1" in said
        assert (await answered(other, "Hello"))[1] == "I know 1."  # the other one goes on
        (crashed,) = (each for each in workers_of(await server.status()) if each["restarts"] and not each["sessions"])
        assert (crashed["last_end"], crashed["pid"] not in (killed, None) or crashed["state"] == "waiting") == (
            "its process ended with status 1",
            True,
        )
    (server.folder / CRASH).unlink()
    await server.status(lambda status: [each["state"] for each in workers_of(status)] == ["running"] * 2)


async def test_a_turn_in_progress_ends_before_the_server_does_and_no_process_is_left(own: Server) -> None:
    processes = own.workers()
    async with AsyncExitStack() as stack:
        (_, busy), (_, idle) = await one_at_each(stack, own)
        await begun(busy, WAIT)
        own.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            await idle.ended()
        assert idle.close_code == 1001
        assert not busy.closed
        (own.folder / GO).touch()
        await event(busy, "conversation.chat.completed")
        async with asyncio.timeout(PATIENCE_S):
            await busy.ended()
        assert busy.close_code == 1001
    assert await own.ended() == 0
    assert "Traceback" not in own.log.read_text()
    assert not [each for each in processes if Path(f"/proc/{each}").exists()]


async def test_workers_share_a_postgresql_database(shared: str, tmp_path: Path) -> None:
    with running(tmp_path / "data", f"--database={shared}") as server:
        assert server.is_ready(), server.log.read_text()
        async with AsyncExitStack() as stack, await Store.open(shared, recover=False) as store:
            (killed, first), (_, second) = await one_at_each(stack, server)
            conversation_id, said = await answered(first, "Hello")
            assert said == "I know 1."
            await continue_in(second, conversation_id)
            assert (await answered(second, "Do you know me?"))[1] == "I know 3."
            status = await server.status()
            assert len(status["servers"]) == 1  # the workers are one server
            assert [each["role"] for each in status["processes"]] == ["parent", "worker", "worker"]
            lost, kept = await begun(first, HANG), await begun(second, HANG)
            assert server_of(lost["id"]) != server_of(kept["id"])
            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                await first.ended()
            await kept_as(store, lost["id"], "failed")
            assert (await kept_as(store, kept["id"], "in_progress")).status == "in_progress"
            await server.status(lambda status: [each["state"] for each in workers_of(status)] == ["running"] * 2)
    assert server.process.returncode == 0


async def test_workers_end_with_their_parent_and_hold_the_data_folder_until_then(own: Server) -> None:
    async with AsyncExitStack() as stack:
        sessions = await dialled(stack, own, 2)
        own.process.kill()
        for _, client in sessions:
            async with asyncio.timeout(PATIENCE_S):
                await client.ended()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                with open_data_folder(own.folder):
                    break
            except DataFolderInUse:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        ("failing", "the bot kouyu has no model"),
        ("crashing", "did not start: its process ended with status 1"),
    ],
)
def test_a_worker_that_cannot_start_ends_the_server_with_one_clear_message(
    tmp_path: Path, sessions: str, said: str
) -> None:
    with running(tmp_path / "data", "--sessions", sessions) as server:
        assert not server.is_ready()
        assert server.process.wait(PATIENCE_S) == 1
    lines = server.log.read_text().splitlines()
    assert lines[-1].endswith(said)
    assert len(lines) == 1 or sessions == "crashing"
