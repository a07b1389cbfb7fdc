import asyncio
import random
import signal
import sys
from pathlib import Path

from kouyu.store.store import Store
from tests.store.crash_writer import WRITERS


async def test_whatever_was_awaited_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.crash_writer", str(path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    told = [(await child.stdout.readline()).decode().strip() for _ in range(random.randint(20, 100))]
    child.send_signal(signal.SIGKILL)
    told += [line for line in (await child.stdout.read()).decode().split("\n")[:-1] if line]
    await child.wait()

    async with await Store.open(path) as store:
        assert len(told) >= 20
        missing = [each for each in told if await store.of("").messages.get("c", each) is None]
        assert missing == []
        statuses = [await store.of("").chats.get(f"chat-{writer}") for writer in range(WRITERS)]
        assert {each.status for each in statuses if each} == {"failed"}
