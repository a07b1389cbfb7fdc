"""`kouyu.testing`: a player for the length of a block or a test."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from kouyu.cassettes.reading import UnreadableCassette
from kouyu.testing import BackgroundPlayer, ClientDiffers, play

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"
SUITE = f"""
from websockets.sync.client import connect
import json

pytest_plugins = ["kouyu.testing.pytest_plugin"]

def speak(player, text):
    with connect(player.ws_url + "/v1/audio/speech") as socket:
        socket.send(json.dumps({{"event_type": "input_text_buffer.append", "data": {{"delta": text}}}}))
        socket.send(json.dumps({{"event_type": "input_text_buffer.complete"}}))
        while json.loads(socket.recv())["event_type"] not in ("speech.audio.completed", "error"):
            pass

def test_as_recorded(cassette):
    speak(cassette({str(SERVICE)!r}, once=False), "今天天气不错")

def test_something_else(cassette):
    speak(cassette({str(SERVICE)!r}, once=False), "Good evening")
"""


def speak(player: BackgroundPlayer, text: str) -> list[str]:
    seen: list[str] = []
    # A client that differs is hung up on, perhaps before it has sent everything.
    with suppress(ConnectionClosedError), connect(f"{player.ws_url}/v1/audio/speech") as socket:
        socket.send(json.dumps({"event_type": "input_text_buffer.append", "data": {"delta": text}}))
        socket.send(json.dumps({"event_type": "input_text_buffer.complete"}))
        while not seen or seen[-1] not in ("speech.audio.completed", "error"):
            seen.append(json.loads(socket.recv())["event_type"])
    return seen


def test_a_client_that_does_what_was_recorded_passes() -> None:
    with play(SERVICE, once=False) as player:
        assert speak(player, "今天天气不错")[-1] == "speech.audio.completed"
        assert speak(player, "今天天气不错")[-1] == "speech.audio.completed"  # another test with the same player
        assert player.differences == ()


def test_a_client_that_does_something_else_is_an_assertion_that_fails() -> None:
    differs = pytest.raises(ClientDiffers, match=r'data\.delta "今天天气不错"; got "Good evening"')
    with differs, play(SERVICE, once=False) as player:
        speak(player, "Good evening")


def test_connections_that_were_not_opened_are_an_assertion_that_fails() -> None:
    differs = pytest.raises(ClientDiffers, match=r"no client opened the connections of connection-0001\.jsonl, ")
    with differs, play(SERVICE) as player:
        speak(player, "今天天气不错")


def test_a_fault_of_the_block_is_not_covered_up() -> None:
    with pytest.raises(ZeroDivisionError), play(SERVICE):
        print(1 / 0)


def test_a_folder_that_is_no_cassette_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCassette), play(tmp_path):
        pass


pytest_plugins = ["pytester"]


def test_the_fixture_fails_the_test_whose_client_differs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=2, errors=1)
    outcome.stdout.fnmatch_lines(["*ClientDiffers: connection-0003.jsonl, line 2: expected*"])
