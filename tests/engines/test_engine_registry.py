import importlib
from pathlib import Path

import pytest

from kouyu.engines import engine_registry as registry
from kouyu.engines.engine_registry import Kind
from kouyu.engines.errors import EngineUnavailable


@pytest.fixture
def added_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that adds engines through entry points."""
    (tmp_path / "added_engines.py").write_text("def make() -> str:\n    return 'made'\n")
    metadata = tmp_path / "added_engines-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: added-engines\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[kouyu.asr]\nadded = added_engines:make\nwhisper = added_engines:make\n"
        "broken = added_engines:missing\nabsent = no_such_module:make\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


@pytest.mark.parametrize("kind", list(registry.BUILT_IN))
def test_every_built_in_engine_can_be_loaded(kind: Kind) -> None:
    for name in registry.BUILT_IN[kind]:
        assert callable(registry.factory(kind, name))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match=r"'wisper'.*openai, whisper"):
        registry.factory("asr", "wisper")


@pytest.mark.usefixtures("added_package")
def test_another_package_adds_an_engine() -> None:
    assert registry.names("asr") == ("absent", "added", "broken", "openai", "whisper")
    assert registry.factory("asr", "added")() == "made"
    assert "added" not in registry.names("tts")


@pytest.mark.usefixtures("added_package")
def test_an_added_engine_replaces_a_built_in_one_of_its_name() -> None:
    assert registry.factory("asr", "whisper")() == "made"


@pytest.mark.usefixtures("added_package")
@pytest.mark.parametrize("name", ["broken", "absent"])
def test_an_engine_that_cannot_be_imported_is_unavailable(name: str) -> None:
    with pytest.raises(EngineUnavailable, match=name):
        registry.factory("asr", name)
