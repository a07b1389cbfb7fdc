"""SIGHUP to a real server: what it takes up, what it leaves, and what it says."""

import asyncio
import os
import pty
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer, running_server
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models

TYPING = """
# What nobody needs who only types, in English, is left out: the server starts in half the time.
[engines]
asr = "openai"
tts = ["hibari"]
[engines.openai_asr]
base_url = "http://127.0.0.1:9/v1"
model = "none"
"""


BOT_ELSEWHERE = """
[[bots]]
id = "ada"
[bots.model]
base_url = "http://127.0.0.1:9/v1"
model = "none"
"""


def settings(model: OpenAIStandIn, *bots: tuple[str, str], server: str = "") -> str:
    """A settings file with bots of these ids and prompts."""
    told = "".join(
        f'[[bots]]\nid = "{bot_id}"\nprompt = "{prompt}"\n'
        f'[bots.model]\nbase_url = "{model.base_url}"\nmodel = "scripted"\n'
        for bot_id, prompt in bots
    )
    return f"[server]\n{server}\n{TYPING}{told}"


async def logged(server: RunningServer, text: str) -> None:
    """Wait until the log has it."""
    async with asyncio.timeout(60):
        while text not in server.log():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


async def test_new_conversations_follow_the_settings_and_running_ones_keep_what_they_have(
    tmp_path: Path, language_model: OpenAIStandIn
) -> None:
    def system_prompt() -> str:
        return str(language_model.requests[-1].messages[0]["content"])

    with running_server(tmp_path, config=settings(language_model, ("ada", "Be kind."))) as server:
        file = tmp_path / "kouyu.toml"
        async with talking(server) as before:
            await before.ask("hello")
            assert "Be kind." in system_prompt()

            bots = (("bob", "Be brief."), ("ada", "Be strict."))
            file.write_text(settings(language_model, *bots, server="max_sessions = 3\nping_timeout_s = 21.0"))
            server.process.send_signal(signal.SIGHUP)
            await logged(server, "the settings were read anew; changed: server.max_sessions, bots")
            await logged(server, "take effect when the server is started again: server.ping_timeout_s")
            await before.ask("still there?")
            assert "Be kind." in system_prompt()
            async with talking(server) as after, talking(server, bot_id="ada") as ada:
                await after.ask("hello")
                assert "Be brief." in system_prompt()
                await ada.ask("hello")
                assert "Be strict." in system_prompt()
            async with httpx.AsyncClient(base_url=server.http) as http:
                assert (await http.get("/health")).json()["max_sessions"] == 3

            file.write_text(settings(language_model, ("ada", "Be silly."), server='max_sessions = "many"'))
            server.process.send_signal(signal.SIGHUP)
            await logged(server, "server.max_sessions: 'many' is not allowed; allowed: a whole number from 1")
            file.write_text(settings(language_model, ("ada", "{{ broken")))
            server.process.send_signal(signal.SIGHUP)
            await logged(server, "stay as they were: The prompt of bot ada")
            async with talking(server, bot_id="ada") as ada:
                await ada.ask("hello")
                assert "Be strict." in system_prompt()
        assert server.process.poll() is None


def test_a_server_whose_terminal_is_closed_stops(tmp_path: Path) -> None:
    """`kill -HUP` at a terminal reads the settings anew; closing the terminal ends the server."""
    (tmp_path / "kouyu.toml").write_text(TYPING + BOT_ELSEWHERE)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "kouyu", "serve", "--config", "kouyu.toml", "--print-json"]
    process_id, terminal = pty.fork()
    if process_id == 0:  # the child, whose controlling terminal this is
        os.chdir(tmp_path)
        error = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.dup2(error, 2)
        os.execv(command[0], [*command, "--port", "0", "--https-port", "0", "--data-dir", "data"])
    try:
        assert b'"http"' in os.read(terminal, 4096)
        os.kill(process_id, signal.SIGHUP)
        until = time.monotonic() + 60
        while "changed: nothing" not in log.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(_waited(process_id)) == 0


def _waited(process_id: int) -> int:
    """The status of a process that ends; it is killed if it does not."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ended, status = os.waitpid(process_id, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.05)
    os.kill(process_id, signal.SIGKILL)
    return os.waitpid(process_id, 0)[1]
