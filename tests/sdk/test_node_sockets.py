"""`websockets.audio` of the JavaScript SDK, in Node."""

from pathlib import Path

from tests.sdk.node_project import NodeProject

WAV = {"format": "wav", "codec": "pcm", "sample_rate": 16000, "channel": 1, "bit_depth": 16}


def test_a_text_in_pieces_is_spoken(node: NodeProject) -> None:
    update = {"output_audio": {"codec": "pcm", "speech_rate": 20}}
    seen = node.run("sockets", "speech", update=update, pieces=["Good mor", "ning. How are", " you?"])
    assert seen["audioBytes"] > 24_000
    assert seen["types"].count("speech.audio.completed") == 1
    assert seen["types"][-1] == "speech.audio.completed"


def test_a_text_is_spoken_without_any_update(node: NodeProject) -> None:
    assert node.run("sockets", "speech", pieces=["Good morning."])["audioBytes"] > 12_000


def test_a_file_is_transcribed(node: NodeProject, questions: Path) -> None:
    file = str(questions / "en-capital.wav")
    seen = node.run("sockets", "transcriptions", update={"input_audio": WAV}, file=file, pieceBytes=3200)
    assert "capital of france" in seen["texts"][-1].lower()


def test_a_file_is_transcribed_without_any_update(node: NodeProject, questions: Path) -> None:
    file = str(questions / "en-capital.wav")
    seen = node.run("sockets", "transcriptions", file=file, pieceBytes=10_000_000)
    assert "capital of france" in seen["texts"][-1].lower()


def test_speech_is_interpreted(node: NodeProject, questions: Path) -> None:
    update = {"input_audio": WAV, "output_audio": {"codec": "pcm"}, "translate_config": {"from": "en", "to": "zh"}}
    file = str(questions / "en-capital.wav")
    seen = node.run("sockets", "interpretation", update=update, file=file, pieceBytes=3200)
    assert not seen["errors"]
    assert "capital of france" in seen["heard"].lower()
    assert seen["types"][-1] == "simult_interpretation.message.completed"
