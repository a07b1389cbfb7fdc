"""What is kept is found again: conversations with their sound, voiceprints; and how the server is."""

import json
import re
from collections.abc import Callable

import msgspec
import pytest

from kouyu.server.siblings.processes import ServerProcess, Work
from tests.console.page import Page

pytestmark = pytest.mark.sdk


def test_a_conversation_is_read_heard_gone_on_with_and_deleted(page: Page) -> None:
    seen = page.does("keeping", "conversation", bot="echo", holdMs=4500)
    question, answer = seen["opened"]
    assert "capital of france" in question["text"].lower()
    assert "capital of france" in answer["text"].lower()
    assert seen["seconds"] > 1


def test_a_speaker_is_enrolled_by_speaking_and_known_again(ask: Callable[..., Page]) -> None:
    seen = ask("en-story", 0.5).does("keeping", "voiceprint", recordMs=10_000)
    assert seen["speaker"] == "Joe"
    assert "Joe" in seen["score"]


def test_conversations_are_searched_and_saved_as_files(page: Page) -> None:
    seen = page.does("keeping", "search", bot="echo")
    assert seen["marked"] == "heron stands"
    assert all("heron stands in the reeds" in text for text in seen["found"])
    assert set(seen["files"]) == {"txt", "srt", "json"}
    assert "User:\nThe heron stands" in seen["files"]["txt"]
    assert "-->" in seen["files"]["srt"]
    conversation = json.loads(seen["files"]["json"])
    assert seen["address"].startswith(f"#/conversations/{conversation['conversation']['id']}")
    assert conversation["messages"][0]["content"] == "The heron stands in the reeds"


def test_the_processes_of_a_server_with_workers_are_listed(page: Page) -> None:
    work = Work(workers=2, waiting=0, running=1, oldest_wait_ms=0.0)
    killed = "its process was ended by signal 9 (Killed)"
    processes = [
        ServerProcess(role="parent", pid=411, state="running", uptime_s=30.0, resident_bytes=80_000_000),
        ServerProcess(
            role="worker", number=1, pid=425, state="running", restarts=2, last_end=killed, uptime_s=12.0, sessions=3,
            connections=5, scheduler=work,
        ),
        ServerProcess(role="engines", pid=None, state="waiting"),
    ]  # fmt: skip
    rows = page.does("keeping", "processes", processes=msgspec.to_builtins(processes))["rows"]
    assert [" ".join(" ".join(row).split()) for row in rows] == [
        "first process · 411 running · 30 s 80 MB 0",
        f"worker 1 · 425 running · 12 s 3 5 1 / 2 2 {killed}",
        "engines ended, is started again 0",
    ]


def test_the_servers_state_is_seen_at_a_glance(page: Page) -> None:
    seen = page.does("keeping", "health", bot="dead")
    assert re.fullmatch(r"[1-9]\d* / 100", seen["tiles"]["Conversations"])
    assert "whisper" in seen["engines"]
    assert "dead" in seen["live"]
    endpoints = {text.split()[0]: text for text in seen["endpoints"]}
    assert "Reachable" in endpoints["echo"]
    assert "scripted" in endpoints["echo"]
    assert "Not reachable" in endpoints["dead"]
    assert "no connection" in endpoints["dead"]
    assert "Last failure" in endpoints["dead"]
    assert "Answer failed" in seen["failures"]
    assert "cannot be reached" in seen["failures"]
