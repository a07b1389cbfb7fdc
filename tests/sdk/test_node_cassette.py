"""The JavaScript SDK, in Node, runs against the recorded sessions of the service, without a server or models."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kouyu.testing import play
from tests.sdk.node_project import NodeScenarios, find_node

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"


@dataclass
class PlayerAddress:
    """A player as the Node project reaches a server."""

    http: str
    https: str
    token: str
    ca: str = ""


@pytest.fixture
def node() -> Iterator[NodeScenarios]:
    with play(SERVICE, once=False) as player:
        yield NodeScenarios(find_node(), PlayerAddress(http=player.url, https=player.url, token=player.token))


def test_a_typed_question(node: NodeScenarios) -> None:
    seen = node.run("chat", "typedQuestion", bot_id="7496347519799787557", question="今天天气真不错")
    assert seen["text"].startswith("是啊，好天气总能让人心情也跟着变好呢！")
    assert seen["audioBytes"] == 466_504
    assert seen["types"][-1] == "conversation.chat.completed"


def test_a_speech_whose_update_the_recording_lacks(node: NodeScenarios) -> None:
    seen = node.run("sockets", "speech", update={"output_audio": {"codec": "pcm"}}, pieces=["今天天气不错"])
    assert (seen["types"][:2], seen["audioBytes"]) == (["speech.created", "speech.updated"], 82_964)


def test_a_transcription_of_as_much_audio(node: NodeScenarios, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(bytes(83_000))
    seen = node.run("sockets", "transcriptions", file=str(tmp_path / "speech.wav"), pieceBytes=3200)
    assert seen["texts"] == ["今天天气不错。"]
