"""The fixture ``cassette`` for pytest: put ``pytest_plugins = ["kouyu.testing.pytest_plugin"]`` into conftest.py."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kouyu.testing.background_player import BackgroundPlayer, play

PlayCassette = Callable[..., BackgroundPlayer]


@pytest.fixture
def cassette() -> Iterator[PlayCassette]:
    """Plays cassettes until the end of the test: ``cassette("tests/cassettes/greeting").url``.

    It takes what ``kouyu.testing.play`` takes. At the end of the test a client that did something else than the
    recorded one is an error of the test.
    """
    with contextlib.ExitStack() as players:

        def start(folder: Path | str, *, fast: bool = True, once: bool = True, tls: bool = False) -> BackgroundPlayer:
            return players.enter_context(play(folder, fast=fast, once=once, tls=tls))

        yield start
