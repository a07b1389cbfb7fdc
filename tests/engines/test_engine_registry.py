import importlib
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args
from unittest.mock import Mock

import pytest

from kouyu.engines import engine_registry as registry
from kouyu.engines.declaration import Kind
from kouyu.engines.errors import EngineUnavailable

DECLARATIONS = """
from kouyu.engines.declaration import Engine

async def load(context, options):
    return "made"

ADDED = Engine(name="added", kind="asr", load=load)
WHISPER = Engine(name="whisper", kind="asr", load=load)
OTHER_KIND = Engine(name="other", kind="tts", load=load)
"""


@pytest.fixture
def added_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that adds engines through entry points."""
    (tmp_path / "added_engines.py").write_text(DECLARATIONS)
    metadata = tmp_path / "added_engines-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: added-engines\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[kouyu.asr]\nadded = added_engines:ADDED\nwhisper = added_engines:WHISPER\n"
        "broken = added_engines:missing\nabsent = no_such_module:ENGINE\n"
        "function = added_engines:load\nother = added_engines:OTHER_KIND\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_built_in_engine_declares_itself_with_defaults_for_all_options(kind: Kind) -> None:
    for name in registry.BUILT_IN[kind]:
        engine = registry.find(kind, name)
        assert isinstance(engine.weights(engine.options()), tuple)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        EngineUnavailable, match=r"engines\.asr: 'wisper' is not allowed; allowed: openai, remote, sense-voice, whisper"
    ):
        registry.find("asr", "wisper")


def test_options_stand_under_the_name_of_their_engine_and_its_kind_where_two_have_the_name() -> None:
    assert registry.section("asr", "whisper") == "whisper"
    assert registry.section("asr", "remote") == registry.section("tts", "remote") == "remote"
    assert (registry.section("asr", "openai"), registry.section("tts", "openai")) == ("openai_asr", "openai_tts")


def test_the_metadata_of_the_installed_packages_are_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    read = Mock(side_effect=entry_points)
    monkeypatch.setattr(registry, "entry_points", read)
    registry.sections()
    registry.find("asr", "whisper")
    assert read.call_count == 1


@pytest.mark.usefixtures("added_package")
def test_another_package_adds_an_engine() -> None:
    assert set(registry.names("asr")) >= {"added", "openai", "whisper"}
    assert registry.find("asr", "added").name == "added"
    assert "added" not in registry.names("tts")
    assert registry.sections()["added"] == ("asr", "added")


@pytest.mark.usefixtures("added_package")
def test_an_added_engine_replaces_a_built_in_one_of_its_name() -> None:
    assert registry.find("asr", "whisper").load.__module__ == "added_engines"


@pytest.mark.usefixtures("added_package")
@pytest.mark.parametrize("name", ["broken", "absent", "function", "other"])
def test_an_engine_that_cannot_be_imported_or_is_no_declaration_is_unavailable(name: str) -> None:
    with pytest.raises(EngineUnavailable, match=name):
        registry.find("asr", name)
