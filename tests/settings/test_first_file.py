"""The settings file of a first start."""

import re
import stat
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec

from kouyu.engines import engine_registry
from kouyu.engines.asr.whisper import WhisperSettings
from kouyu.engines.declaration import Kind
from kouyu.settings import Settings, load
from kouyu.settings.first_file import commented_defaults, write_first
from kouyu.weights.catalogue import CATALOGUE


def test_it_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    assert write_first(path)
    assert load(path) == Settings()


def test_its_comments_are_the_true_defaults_of_every_setting(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    path.write_text(re.sub(r"^#(?=\w+ = )", "", commented_defaults(), flags=re.MULTILINE))
    assert load(path) == Settings()
    shown = set(re.findall(r"^(\w+) = ", path.read_text(), flags=re.MULTILINE))
    options = {
        name for kind, engine in engine_registry.sections().values() for name in _leaves(engine_options(kind, engine))
    }
    left_out = {"temperature", "top_p", "max_tokens", "starts_thinking", "flows", "options", "record_sessions"}
    assert shown >= (set(_leaves(Settings())) | options) - left_out


def test_the_settings_of_an_older_release_are_still_taken(tmp_path: Path) -> None:
    """kouyu-0.1.0.toml is the file of its first start: with every setting that it had, at its default."""
    older = (Path(__file__).parent / "kouyu-0.1.0.toml").read_text(encoding="utf-8")
    path = tmp_path / "kouyu.toml"
    path.write_text(re.sub(r"^#(?=\w+ = )", "", older, flags=re.MULTILINE))
    settings = Settings()
    # The English voice was Piper's; it is optional now.
    engines = msgspec.structs.replace(settings.engines, tts=("piper", "kokoro"))
    # Speech interrupts sooner now.
    limits = msgspec.structs.replace(settings.limits, barge_in_ms=160)
    assert load(path) == msgspec.structs.replace(settings, engines=engines, limits=limits)


def engine_options(kind: Kind, name: str) -> msgspec.Struct:
    """The default options of an engine."""
    made: msgspec.Struct = engine_registry.find(kind, name).options()
    return made


def test_every_set_of_weights_for_recognition_can_be_chosen() -> None:
    offered = {each.name for each in CATALOGUE if each.purpose.startswith("speech recognition")}
    assert offered == set(get_args(get_type_hints(WhisperSettings)["weights"]))


def _leaves(struct: msgspec.Struct) -> list[str]:
    """The names of all settings below."""
    names: list[str] = []
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        for item in value if name == "bots" else (value,):
            names += _leaves(item) if isinstance(item, msgspec.Struct) else [name]
    return names


def test_it_is_for_its_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    write_first(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("[server]\nport = 1\n")
    assert not write_first(path)
    assert load(path).server.port == 1
