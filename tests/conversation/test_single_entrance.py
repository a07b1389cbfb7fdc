"""What changes a conversation, and what it orders, goes through ``receive`` alone."""

import inspect
import re
from pathlib import Path
from typing import Final

import pytest

import kouyu
from kouyu.conversation.conversation import Conversation
from kouyu.session import connection, order_runner, outbox
from kouyu.session import user_audio as uplink_audio

DOWNLINK: Final = re.compile(r'"(conversation|input_audio_buffer|chat|error)(\.[a-z_.]+)?"')


def test_receive_is_the_only_method_that_gives_effects() -> None:
    methods = inspect.getmembers(Conversation, inspect.isfunction)
    public = [(name, method) for name, method in methods if not name.startswith("_")]
    giving = [name for name, method in public if "conversation.effects." in str(method.__annotations__)]
    assert giving == ["receive"]


@pytest.mark.parametrize("module", [connection, order_runner, outbox, uplink_audio])
def test_the_session_reads_no_event_that_it_sends(module: object) -> None:
    """What is to be done besides sending an event is an effect of its own."""
    assert not DOWNLINK.search(inspect.getsource(module))  # type: ignore[arg-type]


def test_only_the_core_makes_the_errors_of_a_live_connection() -> None:
    """So that whoever watches a session sees each of them."""
    session = Path(kouyu.__file__).parent / "session"
    making = [file.name for file in session.glob("*.py") if re.search(r"import .*\berror\b", file.read_text("utf-8"))]
    assert making == []
