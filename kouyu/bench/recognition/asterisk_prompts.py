"""Recordings of people that Debian packages: the voice prompts of the telephone system Asterisk, with their texts.

One speaker for each language reads some five hundred prompts (``asterisk-core-sounds-LANGUAGE-g722``, 16 kHz,
CC-BY-SA-3.0, Russian and Italian CC-BY-3.0); the texts are in ``asterisk-core-sounds-LANGUAGE``. Both are fetched by
Debian's own client and unpacked into the user's cache folder. No part of them is in this repository.

Which prompts are taken was decided before any was recognised: texts of three words or more, each text once, without
stage directions ("[ascending tones]") and damaged letters, and recordings of at most 30 s that are not a mere tone.
"""

import gzip
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import av
import msgspec
import numpy as np
import platformdirs

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.wav import write_wav
from kouyu.bench.recognition.recordings import NoRecordings
from kouyu.domain.speech_rate import SPEECH_RATE

LANGUAGES: Final = ("en", "fr", "es", "it", "ru")
UNACCENTED: Final = frozenset({"es"})
"""Languages whose texts were written without accents."""

LEAST_WORDS: Final = 3
LONGEST_S: Final = 30.0

_DONE: Final = "ABOUT.txt"
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_UNUSABLE: Final = re.compile(r"[\[\](){}<>\ufffd]|\w\?\w|\? ?[a-z]")
"""Stage directions, and letters that were lost when the texts were converted ("pu? essere")."""
_TONES: Final = ("beep", "beeperr", "confbridge-join", "confbridge-leave")

Run = Callable[[list[str], Path], bytes]
"""Runs a command in a folder and returns its output. Raises NoRecordings."""


class Prompt(msgspec.Struct, frozen=True):
    """The name of a prompt's sound file, without its ending, and its text."""

    name: str
    text: str


def set_name(language: str) -> str:
    """The name by which a user asks for the prompts of ``language``."""
    return f"asterisk-{language}"


def prompts_folder(language: str, *, cache: Path | None = None, run: Run | None = None) -> Path:
    """A folder with the selected prompts as NAME.wav and NAME.txt, fetched if it is not there yet.

    ``language`` is one of LANGUAGES. Raises NoRecordings if they cannot be fetched.
    """
    root = cache or platformdirs.user_cache_path("kouyu") / "recordings"
    folder = root / set_name(language)
    if (folder / _DONE).is_file():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as temporary:
        made = Path(temporary) / "made"
        count = _unpack(Path(temporary), made, language, run or _run)
        (made / _DONE).write_text(_about(language, count), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def selected(texts: str) -> Iterator[Prompt]:
    """The prompts to use, of a file of lines ``name: text``."""
    seen: set[str] = set()
    for line in texts.lstrip("\ufeff").splitlines():
        name, colon, text = line.strip().partition(":")
        words = _WORD.findall(text)
        same = " ".join(words).casefold()
        if not colon or line.startswith(";") or name in _TONES or len(words) < LEAST_WORDS:
            continue
        if _UNUSABLE.search(text) or same in seen:
            continue
        seen.add(same)
        yield Prompt(name.strip(), " ".join(text.split()))


def decode_g722(content: bytes) -> Samples:
    """Decode G.722: mono at SPEECH_RATE. Raises NoRecordings if it is damaged."""
    try:
        with av.open(io.BytesIO(content), mode="r", format="g722") as container:
            frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    except (av.FFmpegError, ValueError) as error:
        raise NoRecordings(f"a prompt cannot be decoded: {error}") from error
    return joined([frame.astype(np.float32) / np.float32(32768) for frame in frames])


def _unpack(where: Path, made: Path, language: str, run: Run) -> int:
    texts_package = f"asterisk-core-sounds-{language}"
    sounds_package = f"{texts_package}-g722"
    run(["apt-get", "download", texts_package, sounds_package], where)
    texts = _members(where, texts_package, run, lambda name: name.endswith(f"/core-sounds-{language}.txt.gz"))
    text = "".join(gzip.decompress(content).decode("utf-8", "replace") for content in texts.values())
    sounds = _members(where, sounds_package, run, lambda name: name.endswith(".g722"))
    by_name = {name.partition("/sounds/")[2].partition("/")[2].removesuffix(".g722"): name for name in sounds}
    count = 0
    for prompt in selected(text):
        if prompt.name not in by_name:
            continue
        samples = decode_g722(sounds[by_name[prompt.name]])
        if len(samples) > LONGEST_S * SPEECH_RATE:
            continue
        file = made / f"{prompt.name.replace('/', '-')}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_wav(file, samples, SPEECH_RATE)
        file.with_suffix(".txt").write_text(prompt.text + "\n", encoding="utf-8")
        count += 1
    if not count:
        raise NoRecordings(f"the packages {texts_package} and {sounds_package} do not hold what was expected")
    return count


def _members(where: Path, package: str, run: Run, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The contents of a downloaded package's files by their names."""
    [file, *_] = [*where.glob(f"{package}_*.deb"), None]
    if file is None:
        raise NoRecordings(f"apt-get downloaded no package {package}")
    with tarfile.open(fileobj=io.BytesIO(run(["dpkg-deb", "--fsys-tarfile", file.name], where))) as archive:
        found = [(member.name, archive.extractfile(member)) for member in archive if wanted(member.name)]
        return {name: content.read() for name, content in found if content is not None}


def _run(command: list[str], where: Path) -> bytes:
    instead = "give a folder of recordings instead: NAME.wav beside NAME.txt"
    try:
        return subprocess.run(command, cwd=where, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise NoRecordings(
            f"these recordings are packages of Debian, and {command[0]} is not on this machine; {instead}"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise NoRecordings(
            f"{' '.join(command)} failed ({said[-1] if said else error.returncode}); "
            f"try `apt-get update` first, or {instead}"
        ) from error


def _about(language: str, count: int) -> str:
    licence = "CC-BY-3.0" if language in ("it", "ru") else "CC-BY-SA-3.0"
    return (
        f"{count} voice prompts of Asterisk, from Debian's packages asterisk-core-sounds-{language} and "
        f"asterisk-core-sounds-{language}-g722 ({licence}).\n\n{__doc__}"
    )
