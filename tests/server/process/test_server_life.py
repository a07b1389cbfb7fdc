"""The server as a process: what a first start leaves, what a second finds, and how it stops."""

import asyncio
import signal
import socket
import ssl
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from kouyu.store.store import Store

START_OR_STOP_S = 60
"""Far more than it takes, for a machine that is busy with other tests."""

StartProcess = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start_process(tmp_path: Path) -> AsyncIterator[StartProcess]:
    """Starts a server process on the test's folder."""
    processes: list[Process] = []

    async def starter(*arguments: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.server.serving_process", str(tmp_path), *arguments), stdout=PIPE, stderr=PIPE
        )
        processes.append(process)
        return process

    yield starter
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def read_line(process: Process) -> bytes:
    assert process.stdout
    async with asyncio.timeout(START_OR_STOP_S):
        return await process.stdout.readline()


async def ready(process: Process) -> Any:
    line = await read_line(process)
    assert line, (await process.communicate())[1].decode()
    return msgspec.json.decode(line)


async def stopped(process: Process, *signals: signal.Signals) -> int:
    """The exit status after these signals."""
    for number in signals:
        process.send_signal(number)
    async with asyncio.timeout(START_OR_STOP_S):
        return await process.wait()


async def test_a_first_start_keeps_its_secrets_to_its_owner(tmp_path: Path, start_process: StartProcess) -> None:
    told = await ready(await start_process())
    assert (tmp_path / "token").read_text().strip() == told["token"]
    for name in ("token", "tls/ca-key.pem", "tls/server-key.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert told["ca"] == str(tmp_path / "tls" / "ca.pem")
    assert told["pid"]
    assert told["bots"] == ["kouyu"]


async def test_it_can_be_talked_to_where_it_says_it_is(tmp_path: Path, start_process: StartProcess) -> None:
    told = await ready(await start_process())
    header = {"Authorization": f"Bearer {told['token']}"}
    async with connect(told["http"].replace("http", "ws") + "/v1/chat", additional_headers=header) as client:
        assert str(await client.recv()).startswith("kouyu")


async def test_a_second_start_has_the_same_token_and_authority(tmp_path: Path, start_process: StartProcess) -> None:
    first = await start_process()
    told = await ready(first)
    authority = (tmp_path / "tls" / "ca.pem").read_bytes()
    assert await stopped(first, signal.SIGTERM) == 0
    again = await ready(await start_process())
    assert again["token"] == told["token"]
    assert (tmp_path / "tls" / "ca.pem").read_bytes() == authority


async def test_a_lost_token_file_gives_a_new_token_and_leaves_the_old_one_good(
    tmp_path: Path, start_process: StartProcess
) -> None:
    first = await start_process()
    told = await ready(first)
    await stopped(first, signal.SIGTERM)
    (tmp_path / "token").unlink()
    again = await ready(await start_process())
    assert again["token"] != told["token"]
    async with await Store.open(tmp_path / "kouyu.db", recover=False) as store:
        assert await store.tokens.verify(told["token"])
        assert await store.tokens.verify(again["token"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_closes_connections_with_1001_and_the_exit_status_is_0(
    start_process: StartProcess, number: signal.Signals
) -> None:
    process = await start_process()
    told = await ready(process)
    header = {"Authorization": f"Bearer {told['token']}"}
    async with connect(told["http"].replace("http", "ws") + "/v1/chat", additional_headers=header) as client:
        await client.recv()
        status = await stopped(process, number)
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1001
    assert status == 0
    assert process.stderr
    said = (await process.stderr.read()).decode().splitlines()
    # The watchdog may say, rightly, that a busy machine kept the event loop waiting.
    assert [line for line in said if "event loop was blocked" not in line] == []


async def test_a_signal_while_starting_stops_in_order(tmp_path: Path, start_process: StartProcess) -> None:
    process = await start_process()
    async with asyncio.timeout(START_OR_STOP_S):
        while not (tmp_path / "kouyu.db").exists():  # noqa: ASYNC110 - made by the other process
            await asyncio.sleep(0.005)
    assert await stopped(process, signal.SIGINT) == 0


async def test_a_stop_that_hangs_is_ended(start_process: StartProcess) -> None:
    process = await start_process("--hang")
    await ready(process)
    assert await stopped(process, signal.SIGINT) == 1


async def test_a_port_in_use_is_reported(start_process: StartProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start_process(f"port={port}")
        assert await stopped(process) == 1
        assert process.stderr
        message = (await process.stderr.read()).decode()
    assert f"127.0.0.1:{port}: another program listens there already" in message
    assert "--port" in message


async def test_two_servers_do_not_share_a_data_folder(start_process: StartProcess) -> None:
    first = await start_process()
    told = await ready(first)
    second = await start_process()
    assert await stopped(second) == 1
    assert second.stderr
    message = (await second.stderr.read()).decode()
    assert f"another kouyu (process {told['pid']}) uses this data folder" in message


async def test_other_machines_connect_by_the_links_for_them(start_process: StartProcess) -> None:
    told = await ready(await start_process("lan=yes"))
    links = [link for link in told["lan_links"] if not link.partition("/#")[0].rpartition(":")[0].endswith(".local")]
    if not links:
        pytest.skip("this machine has no address but its own loopback")
    trust = ssl.create_default_context(cafile=told["ca"])
    base_url, _, login = links[0].partition("/#login=")
    async with httpx.AsyncClient(base_url=base_url, verify=trust, trust_env=False) as client:
        exchanged = await client.post("/v1/kouyu/login", json={"login": login})
        header = {"Authorization": f"Bearer {exchanged.json()['data']['access_token']}"}
        async with connect(base_url.replace("https", "wss", 1) + "/v1/chat", additional_headers=header, ssl=trust):
            pass
        assert (await client.get("/v1/kouyu/status", headers=header)).json()["data"]["sessions"] <= 1
    assert told["login"].partition("/#login=")[2] != login


async def test_only_this_machine_can_connect_unless_others_are_allowed(start_process: StartProcess) -> None:
    told = await ready(await start_process())
    assert told["lan_links"] == []
    assert told["http"].startswith("http://127.0.0.1:")
