"""Prompts read by people, out of Debian's packages."""

import gzip
import io
import subprocess
import tarfile
from pathlib import Path

import av
import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import read_audio
from kouyu.bench.recognition.asterisk_prompts import decode_g722, prompts_folder, selected
from kouyu.bench.recognition.recordings import NoRecordings, recordings_at

TEXTS = """\
; Core Asterisk Sounds in English

activated: Activated.
agent-pass: Please enter your  password.
again: Please enter your password
tones: [three ascending tones] listen well
lost: La chiamata non pu? essere completata
followme/pls-hold: Please hold, while I try.
gone: This sound is missing.
long: This one is too long.
beep: It is a beep
"""


def tone(seconds: float) -> Samples:
    samples: Samples = (0.3 * np.sin(np.arange(int(16_000 * seconds)) * 0.2)).astype(np.float32)
    return samples


def in_g722(samples: Samples) -> bytes:
    content = io.BytesIO()
    with av.open(content, mode="w", format="g722") as container:
        stream = container.add_stream("g722", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return content.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


class Packages:
    """Stands in for Debian's client: it has two packages."""

    def __init__(self) -> None:
        sounds = "./usr/share/asterisk/sounds/en_US_f_Allison"
        names = ("activated", "agent-pass", "again", "tones", "lost", "followme/pls-hold", "beep")
        self.contents = {
            "asterisk-core-sounds-en": {
                "./usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz": gzip.compress(TEXTS.encode())
            },
            "asterisk-core-sounds-en-g722": {f"{sounds}/{name}.g722": in_g722(tone(0.5)) for name in names}
            | {f"{sounds}/long.g722": in_g722(tone(31))},
        }
        self.commands: list[str] = []

    def __call__(self, command: list[str], where: Path) -> bytes:
        self.commands.append(command[0])
        if command[0] == "apt-get":
            for package in command[2:]:
                (where / f"{package}_1_all.deb").write_bytes(b"")
            return b""
        return archive(self.contents[command[-1].partition("_")[0]])


def test_the_selection_takes_each_text_of_three_words_that_is_spoken() -> None:
    assert [prompt.name for prompt in selected(TEXTS)] == ["agent-pass", "followme/pls-hold", "gone", "long"]


def test_g722_is_decoded() -> None:
    heard = decode_g722(in_g722(tone(1.0)))
    assert len(heard) == pytest.approx(16_000, abs=100)
    assert np.abs(heard).max() == pytest.approx(0.3, rel=0.2)


def test_the_packages_become_a_folder_of_recordings_once(tmp_path: Path) -> None:
    packages = Packages()
    folder = prompts_folder("en", cache=tmp_path, run=packages)
    assert [(one.name, one.text) for one in recordings_at(folder)] == [
        ("agent-pass", "Please enter your password."),
        ("followme-pls-hold", "Please hold, while I try."),
    ]
    samples, rate = read_audio(folder / "agent-pass.wav")
    assert rate == 16_000
    assert len(samples) == pytest.approx(8000, abs=100)
    assert prompts_folder("en", cache=tmp_path, run=packages) == folder
    assert packages.commands == ["apt-get", "dpkg-deb", "dpkg-deb"]
    assert [path.name for path in tmp_path.iterdir()] == ["asterisk-en"]


def test_without_debians_client_it_says_how_to_give_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRecordings, match=r"apt-get is not on this machine; give a folder of recordings"):
        prompts_folder("en", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_refusal_of_debians_client_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "apt-get"
    client.write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert subprocess.run(["apt-get"], capture_output=True, check=False).returncode == 100
    with pytest.raises(NoRecordings, match=r"E: Unable to locate package.*apt-get update"):
        prompts_folder("en", cache=tmp_path / "cache")
