"""Takes the pictures of the page anew: ``.venv/bin/python -m tests.console.take_screenshots docs/screenshots``."""

import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np

import kouyu.bench.questions
from kouyu.audio.wav import read_listening_audio
from tests.console.page import Page
from tests.end_to_end.running_server import running_server
from tests.sdk.microphone import RATE
from tests.sdk.node_project import find_chromium, find_node
from tests.standins.background import in_background
from tests.standins.openai_server import Answer, Pace, ReceivedRequest, Say, ToolCallScript, call_tools, openai_stand_in

QUESTIONS = Path(kouyu.bench.questions.__file__).parent
ANSWERS = {
    "capital of France": "Paris is the capital of France. It lies on the river Seine.",
    "story": "Once there was a small dog called Pepper, who lived by the sea. Every morning she ran down to the beach "
    "and barked at the waves. One day a wave brought her a red ball. She carried it home, and slept beside it.",
    "How are you": "Very well, thank you! How are you today?",
    "天气": "今天天气很好，适合散步。",
}
ENGLISH = (1.5, "en-capital", 9.0, "en-story", 7.5, "en-how-are-you", 30.0)
SHOTS: dict[str, tuple[tuple[float | str, ...], dict[str, Any]]] = {
    "talk": (ENGLISH, {"width": 1360, "height": 860}),
    "dark": (ENGLISH, {"width": 1360, "height": 860, "dark": True}),
    "phone": (ENGLISH, {"phone": True}),
    "chinese": (ENGLISH, {"locale": "zh-CN"}),
    "others": (ENGLISH, {}),
}


def answer(request: ReceivedRequest) -> Answer:
    """What an assistant might say, at the speed of a model on a good machine."""
    said = str(request.messages[-1]["content"])
    if "weather" in said:
        return call_tools(ToolCallScript("weather", '{"city": "Paris"}'))
    text = next((text for words, text in ANSWERS.items() if words in said), "I see.")
    pieces = [text[start : start + 6] for start in range(0, len(text), 6)]
    return Say(*pieces, pace=Pace(before_first_s=0.12, between_s=0.02))


def microphone(parts: tuple[float | str, ...], folder: Path) -> Path:
    """A WAV file of questions with seconds of silence between."""
    sounds = [
        np.zeros(int(part * RATE), np.float32)
        if isinstance(part, float)
        else read_listening_audio(QUESTIONS / f"{part}.wav")
        for part in parts
    ]
    file = folder / f"{parts[1]}.wav"
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((np.concatenate(sounds) * 32767).astype("<i2").tobytes())
    return file


def take(folder: Path, names: list[str]) -> None:
    """Take the pictures of these scenarios into ``folder``."""
    with tempfile.TemporaryDirectory() as temporary, in_background(lambda: openai_stand_in(answer)) as model:
        config = f"""
[audio]
keep = true
[[bots]]
id = "kouyu"
[bots.model]
base_url = "{model.base_url}"
model = "scripted"
[[bots.tools]]
type = "function"
[bots.tools.function]
name = "weather"
[bots.tools.function.parameters]
type = "object"
"""
        with running_server(Path(temporary) / "server", config=config) as server:
            for name in names:
                parts, browser = SHOTS[name]
                page = Page(find_node(), server, find_chromium(), microphone(parts, Path(temporary)))
                page.does("screenshots", name, bot="kouyu", folder=str(folder.absolute()), **browser)


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2:] or list(SHOTS))
