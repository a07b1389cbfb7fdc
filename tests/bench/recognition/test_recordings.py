"""Folders and tables of recordings."""

from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.wav import write_wav
from kouyu.bench.recognition.recordings import NoRecordings, Recording, chosen, recordings_at


def sound(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_wav(file, np.zeros(160, np.float32), 16_000)
    return file


def test_a_folder_holds_sounds_beside_their_texts_also_in_folders_below(tmp_path: Path) -> None:
    for name in ("a", "below/b", "without-text"):
        sound(tmp_path / f"{name}.wav")
    (tmp_path / "a.txt").write_text("\ufeffHello\n there.\n", encoding="utf-8")
    (tmp_path / "below/b.txt").write_text("你好", encoding="utf-8")
    (tmp_path / "readme.txt").write_text("no sound", encoding="utf-8")
    found = recordings_at(tmp_path)
    assert [(one.name, one.text) for one in found] == [("a", "Hello there."), ("below/b", "你好")]
    assert len(found[0].samples()) == 160


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", 'file,text\na.wav,"Well, hello."\n\nb.wav,你好\n'),
        ("table.tsv", "path\ttext\na.wav\tWell, hello.\nb.wav\t你好\n"),
    ],
)
def test_a_table_holds_files_and_texts(tmp_path: Path, name: str, content: str) -> None:
    for file in ("a.wav", "b.wav"):
        sound(tmp_path / file)
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert [(one.name, one.text) for one in recordings_at(tmp_path / name)] == [
        ("a.wav", "Well, hello."),
        ("b.wav", "你好"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [("a.wav\n", "row 1: expected a sound file and its text"), ("gone.wav,Hello\n", "there is no file")],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str, said: str) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "table.csv").write_text(content, encoding="utf-8")
    with pytest.raises(NoRecordings, match=said):
        recordings_at(tmp_path / "table.csv")


def test_an_empty_folder_says_what_belongs_in_it(tmp_path: Path) -> None:
    with pytest.raises(NoRecordings, match=r"NAME\.wav and NAME\.txt"):
        recordings_at(tmp_path)


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(NoRecordings, match=r"a\.wav cannot be read"):
        Recording("a", tmp_path / "a.wav", "Hello").samples()


def test_the_halves_do_not_change_with_the_set() -> None:
    some = [Recording(f"prompt-{number}", Path("x.wav"), "Hello") for number in range(200)]
    tuning, held_out = chosen(some, "tuning", None), chosen(some, "held-out", None)
    assert {*tuning} | {*held_out} == {*some}
    assert not {*tuning} & {*held_out}
    assert 70 < len(tuning) < 130
    assert chosen(some[:50], "tuning", None) == [one for one in some[:50] if one in tuning]
    assert len(chosen(some, None, 7)) == 7
    assert len(chosen(some, None, 1000)) == 200
