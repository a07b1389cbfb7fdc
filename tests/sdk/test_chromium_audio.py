"""The JavaScript SDK's clients for speech, transcription and interpretation, in a browser with a microphone."""

from pathlib import Path

from tests.sdk.node_project import NodeProject

AUDIBLE = 0.003
"""Of full scale."""


def test_a_text_sounds_to_its_end(node: NodeProject, chromium: str, microphone: Path) -> None:
    text = "Good morning. How are you today?"
    seen = node.run_in_browser(chromium, "speakText", microphone, text=text, connect={"speechRate": 10})
    assert seen["level"] > AUDIBLE
    assert not seen["connected"]  # the SDK hangs up once all audio is there
    assert "error" not in seen["names"]


def test_a_text_that_sounds_is_stopped(node: NodeProject, chromium: str, microphone: Path) -> None:
    seen = node.run_in_browser(chromium, "interruptText", microphone, text="And on it goes, " * 20 + "to its end.")
    assert seen["level"] > AUDIBLE
    assert "error" not in seen["names"]


def test_words_appear_while_the_microphone_speaks(node: NodeProject, chromium: str, microphone: Path) -> None:
    seen = node.run_in_browser(chromium, "transcribe", microphone, words="capital of france")
    assert "capital of france" in seen["texts"][-1].lower()
    assert "transcriptions.message.completed" not in seen["names"]


def test_words_appear_in_another_language(node: NodeProject, chromium: str, microphone: Path) -> None:
    update = {"translate_config": {"from": "en", "to": "zh"}}
    seen = node.run_in_browser(chromium, "interpret", microphone, words="capital of france", update=update)
    assert not seen["errors"]
    assert "capital of france" in seen["heard"].lower()
    assert seen["translated"]
