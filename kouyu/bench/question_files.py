"""Loads the spoken questions that come with kouyu."""

from importlib.resources import files
from pathlib import Path
from typing import Final, get_args

import msgspec

from kouyu.audio.wav import read_listening_audio
from kouyu.bench.spoken_question import Language, SpokenQuestion

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


class _Entry(msgspec.Struct, frozen=True):
    file: str
    language: str
    text: str


def spoken_questions(language: Language, folder: Path | None = None) -> list[SpokenQuestion]:
    """The questions in a language, in the order of the index."""
    folder = folder or Path(str(files("kouyu.bench.questions")))
    entries = msgspec.json.decode((folder / "index.json").read_bytes(), type=list[_Entry])
    return [
        SpokenQuestion(Path(entry.file).stem, language, entry.text, read_listening_audio(folder / entry.file))
        for entry in entries
        if entry.language == language
    ]
