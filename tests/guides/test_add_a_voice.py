"""The settings of docs/guides/add-a-voice.md give the voices that it says."""

from pathlib import Path

from kouyu.engines.tts.openai import ENGINE, OpenAISpeech, OpenAISpeechOptions
from kouyu.settings import load
from tests.guides.blocks import files_of


def test_the_voices_of_the_endpoint_are_offered_under_their_names(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    path.write_text(files_of("add-a-voice.md")["kouyu.toml"], encoding="utf-8")
    engines = load(path).engines
    options = engines.options_of(ENGINE)
    assert isinstance(options, OpenAISpeechOptions)
    assert engines.tts[0] == "openai"
    voices = OpenAISpeech(options).voices()
    assert [(voice.voice_id, voice.languages) for voice in voices] == [
        ("openai-zf_xiaobei", ("zh",)),
        ("openai-af_heart", ("en",)),
    ]
    assert engines.default_voices["zh"] == voices[0].voice_id
