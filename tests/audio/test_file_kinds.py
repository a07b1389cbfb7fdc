import numpy as np
import pytest

from kouyu.audio.file_kinds import LONGEST_START, file_kind
from tests.audio.encoded_files import FILES, encoded_file
from tests.audio.signals import packed, speech_like

KINDS = {"aac": "AAC", "flac": "FLAC", "m4a": "M4A", "mp3": "MP3", "ogg": "Ogg with Opus", "wav": "WAV", "webm": "WebM"}


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_is_known_by_its_first_bytes(kind: str) -> None:
    assert file_kind(FILES[kind][:LONGEST_START]) == KINDS[kind]


@pytest.mark.parametrize("rate", [8_000, 12_000, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_mp3_without_a_tag_is_known_by_two_frames(rate: int) -> None:
    tagged = encoded_file("mp3", speech_like(1, rate), rate)
    frames = tagged[tagged.index(b"\xff") :]
    assert file_kind(frames[:LONGEST_START]) == "MP3"
    assert file_kind(frames[:100]) == ""


def test_ogg_says_what_it_holds() -> None:
    assert file_kind(encoded_file("ogg", speech_like(0.2, 48_000), 48_000, codec="flac")) == "Ogg with FLAC"
    assert file_kind(FILES["ogg"][FILES["ogg"].rindex(b"OggS") :]) == "Ogg"


def test_samples_are_no_file() -> None:
    drawn = np.random.default_rng(0)
    for sound in (speech_like(1, 16_000), drawn.normal(0, 0.0002, 50_000), drawn.uniform(-1, 1, 50_000)):
        for depth in (8, 16, 24):
            data = packed(np.asarray(sound, np.float32), depth)
            for start in range(0, 40_000, 7):
                assert file_kind(data[start : start + 600]) == ""
    assert file_kind(b"") == file_kind(b"\xff") == file_kind(bytes(4_000)) == file_kind(b"\xff" * 4_000) == ""
