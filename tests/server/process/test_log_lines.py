"""The lines of the log: as text, and as JSON with what they belong to."""

import asyncio
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.server.process.log_lines import JsonLines, TextLines
from kouyu.serving.log_context import LogMessage, begin_log_context, conversation_told, tell_conversation


def line(message: object, *arguments: Any, **more: Any) -> Any:
    """The JSON line of a warning."""
    record = logging.LogRecord("kouyu.test", logging.WARNING, "", 0, message, arguments, more.pop("exc_info", None))
    for name, value in more.items():
        setattr(record, name, value)
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_has_time_level_logger_and_message() -> None:
    told = line("%d of %s\nforged", 3, "five")
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "warning", "logger": "kouyu.test", "message": "3 of five\nforged"}


def test_what_a_line_of_text_quotes_neither_controls_a_terminal_nor_is_a_line_of_its_own() -> None:
    quoted = "\x1b[2Jevil\n2026-01-01 00:00:00,000 WARNING kouyu: forged"
    try:
        raise ValueError(quoted)
    except ValueError as fault:
        caught = (type(fault), fault, fault.__traceback__)
    record = logging.LogRecord("kouyu.test", logging.WARNING, "", 0, "%s\n  indented", (quoted,), caught)
    first, second, *trace = TextLines().format(record).split("\n")
    assert first.endswith(r"WARNING kouyu.test: \x1b[2Jevil\n2026-01-01 00:00:00,000 WARNING kouyu: forged")
    assert second == "  indented"
    assert trace[0].startswith("Traceback")
    assert "\x1b" not in "".join(trace)


async def test_a_line_names_the_connection_it_belongs_to() -> None:
    async def connection(log_id: str, conversation_id: str) -> list[Any]:
        begin_log_context(log_id, f"10.0.0.{log_id}")
        before = line("hello")
        tell_conversation(conversation_id)

        async def task() -> Any:
            await asyncio.sleep(0)
            return line("hello")

        return [before, await asyncio.create_task(task()), await asyncio.to_thread(line, "hello")]

    for log_id, lines in zip("12", await asyncio.gather(connection("1", "c1"), connection("2", "c2")), strict=True):
        assert [told["log_id"] for told in lines] == [log_id] * 3
        assert [told["client"] for told in lines] == [f"10.0.0.{log_id}"] * 3
        assert [told.get("conversation_id") for told in lines] == [None, f"c{log_id}", f"c{log_id}"]
    assert "log_id" not in line("hello")


async def test_a_conversation_is_read_while_it_runs_and_given_up_at_its_end() -> None:
    begin_log_context("1", "10.0.0.1")
    ids = ["first"]
    with conversation_told(lambda: ids[-1]):
        assert line("hello")["conversation_id"] == "first"
        ids.append("second")
        assert line("hello")["conversation_id"] == "second"
    ids.append("third")
    assert line("hello")["conversation_id"] == "second"


async def test_work_of_the_engines_belongs_to_the_connection_that_ordered_it() -> None:
    begin_log_context("1", "10.0.0.1")
    scheduler = Scheduler(1)
    try:
        assert (await scheduler.run(lambda _: line("hello"), Priority.FINAL))["log_id"] == "1"
        pieces = scheduler.stream(lambda _: (line("hello") for _ in range(2)), Priority.SENTENCE)
        assert [piece["log_id"] async for piece in pieces] == ["1", "1"]
    finally:
        await scheduler.close()


class Request(LogMessage, frozen=True):
    path: str
    status: int

    def __str__(self) -> str:
        return f"{self.path} {self.status}"


def test_the_fields_of_a_message_are_fields_of_its_line() -> None:
    told = line(Request("/a", 200))
    assert (told["message"], told["path"], told["status"]) == ("/a 200", "/a", 200)


def test_an_exception_is_a_field() -> None:
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        told = line("failed", exc_info=sys.exc_info())
    assert "ZeroDivisionError: by zero" in told["exception"]


PROGRAM = """
import asyncio, logging, sys, threading, warnings
from kouyu.server.process.log_lines import ServerLog
from kouyu.settings.telemetry import LogSettings

server_log = ServerLog()
logging.getLogger("kouyu.early").info("before the settings")
logging.getLogger("kouyu.early").debug("too fine")
server_log.follow(LogSettings(format={format!r}, level="info"))
logging.getLogger("a_library").warning("of a library")
logging.getLogger("a_library").info("with a user's text")
def fail(): raise ValueError("in a thread")
thread = threading.Thread(target=fail, name="worker"); thread.start(); thread.join()
async def main():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0.01)
asyncio.run(main())
raise KeyError("at the end")
"""


def written(line_format: str) -> list[str]:
    """What such a program writes to standard error."""
    program = PROGRAM.replace("{format!r}", repr(line_format))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1
    return ended.stderr.splitlines()


def test_every_line_of_a_process_is_json_uncaught_exceptions_too() -> None:
    lines = [json.loads(told) for told in written("json")]
    assert [(told["logger"], told["message"]) for told in lines[:2]] == [
        ("kouyu.early", "before the settings"),
        ("a_library", "of a library"),
    ]
    of_thread, of_loop, last = lines[2:]
    assert of_thread["message"] == "thread worker ended by an exception"
    assert of_loop["logger"] == "asyncio"
    assert last["level"] == "critical"
    for told, error in zip((of_thread, of_loop, last), ("in a thread", "in a thread", "at the end"), strict=True):
        assert error in told["exception"]


def test_text_is_as_it_was() -> None:
    first, second, *rest = written("text")
    assert first.endswith(" INFO kouyu.early: before the settings")
    assert second.endswith(" WARNING a_library: of a library")
    assert "Traceback (most recent call last):" in rest
    assert rest[-1] == "KeyError: 'at the end'"


@pytest.mark.parametrize("arguments", [(["--config", "missing.toml"]), (["--port", "70000"])])
def test_settings_that_cannot_be_read_are_reported_as_text(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "kouyu", "serve", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd="/")
    assert (ended.returncode, ended.stderr.splitlines()[-1][:6]) == (1, "Error:")
