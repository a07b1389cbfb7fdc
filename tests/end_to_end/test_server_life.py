"""Starting, stopping, being killed, and being cut off from the network."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kouyu.store.store import Store
from tests.end_to_end.conversing import DOWNLINK_RATE, talking
from tests.end_to_end.running_server import running_server, start_server, stop_server

pytestmark = pytest.mark.models

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
LONG_TEXT = "The train to the coast leaves at nine in the morning. " * 3
TYPING = """
# What nobody needs who only types, in English, is left out: the server starts in half the time.
[engines]
asr = "openai"
tts = ["hibari"]
[engines.openai_asr]
base_url = "http://127.0.0.1:9/v1"
model = "none"
"""


def test_a_missing_weight_is_a_refusal_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as refused:
        start_server(tmp_path, environment={"KOUYU_WEIGHTS": str(tmp_path / "none")})
    assert "kouyu models fetch" in str(refused.value)


def test_ctrl_c_stops_the_server_cleanly_while_somebody_talks(tmp_path: Path) -> None:
    server = start_server(tmp_path, config=TYPING)

    async def talk_and_stop() -> None:
        async with talking(server) as talk:
            await talk.write("Tell me a long story.")
            await talk.until("conversation.message.delta")
            server.process.send_signal(signal.SIGINT)
            # 2 s is what is promised; a shared machine may be slow, a hang would last until it is killed.
            assert await asyncio.to_thread(server.process.wait, 20) == 0

    asyncio.run(talk_and_stop())
    assert stop_server(server) == 0
    assert "Traceback" not in server.log()


def test_every_message_told_as_completed_survives_a_kill(tmp_path: Path) -> None:
    server = start_server(tmp_path, config=TYPING)
    told: list[tuple[str, str, str]] = []

    async def talk_and_kill() -> None:
        async with talking(server) as talk:
            await talk.ask_and_hear("What is the capital of France?")
            await talk.write("Tell me a short story about a dog.")
            await talk.until("conversation.audio.delta", count=1 + talk.types.count("conversation.audio.delta"))
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.sleep(0.3)
            completed = [event.data for event in talk.events if event.type == "conversation.message.completed"]
            told.extend((data["conversation_id"], data["id"], data["content"]) for data in completed)

    asyncio.run(talk_and_kill())
    stop_server(server)
    assert len(told) >= 4

    async def kept() -> list[str | None]:
        async with await Store.open(tmp_path / "data" / "kouyu.db") as store:
            records = [await store.of("").messages.get(conversation, message) for conversation, message, _ in told]
            return [None if record is None else record.content for record in records]

    assert asyncio.run(kept()) == [content for _, _, content in told]
    with running_server(tmp_path, config=TYPING) as again:

        async def still_talks() -> str:
            async with talking(again) as talk:
                await talk.configure(chat_config={"conversation_id": told[0][0]})
                # What it says after half a story, nobody can know.
                return await talk.ask("What color is the sky?")

        assert asyncio.run(still_talks()).strip()


def test_sigterm_lets_the_turn_in_progress_end_and_begins_nothing_new(tmp_path: Path) -> None:
    server = start_server(tmp_path, config=TYPING)

    async def talk_and_stop() -> None:
        async with talking(server) as idle, talking(server) as talk, httpx.AsyncClient(base_url=server.http) as http:
            await idle.until("chat.created")
            asked_at = asyncio.get_running_loop().time()
            await talk.client.send("input_text.generate_audio", {"mode": "text", "text": LONG_TEXT})
            await talk.until("conversation.audio.delta")
            server.process.send_signal(signal.SIGTERM)
            await idle.client.ended()
            assert idle.client.close_code == 1001
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.json()["checks"]["stopping"]) == (503, "the server is stopping")
            headers = {"Authorization": f"Bearer {server.token}", **UPGRADE}
            refused = await http.get("/v1/chat", headers=headers)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "stopping" in refused.json()["msg"]
            await talk.until("conversation.audio.completed")
            await talk.client.ended()
            assert talk.client.close_code == 1001
            # No player can have played it all before then.
            played_at = asked_at + len(talk.audio()) / 2 / DOWNLINK_RATE
            assert asyncio.get_running_loop().time() >= played_at

    asyncio.run(talk_and_stop())
    assert server.process.wait(20) == 0
    assert stop_server(server) == 0
    assert "Traceback" not in server.log()


def _can_cut_the_network() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-rn", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_cut_the_network(), reason="needs `unshare` and user namespaces (Linux)")
def test_it_starts_and_talks_with_the_network_cut_off(tmp_path: Path) -> None:
    script = (
        "import fcntl, socket, struct, sys\n"
        "with socket.socket() as any_socket:\n"
        "    up_and_running = struct.pack('16sh', b'lo', 0x41)\n"
        "    fcntl.ioctl(any_socket, 0x8914, up_and_running)  # SIOCSIFFLAGS: only the loopback remains\n"
        "try:\n"
        "    socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
        "except OSError: pass\n"
        "else: sys.exit('the network is not cut off')\n"
        "import asyncio, pathlib\n"
        "from tests.end_to_end.conversing import talking\n"
        "from tests.end_to_end.running_server import running_server\n"
        "async def ask(server):\n"
        "    async with talking(server) as talk:\n"
        "        answer = await talk.ask('What is the capital of France?')\n"
        "        return answer, len(talk.audio())\n"
        "with running_server(pathlib.Path(sys.argv[1])) as server:\n"
        "    answer, audio = asyncio.run(ask(server))\n"
        "assert 'Paris' in answer and audio > 10_000, (answer, audio)\n"
    )
    command = ["unshare", "-rn", sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path.cwd(), check=False)
    assert done.returncode == 0, done.stderr
