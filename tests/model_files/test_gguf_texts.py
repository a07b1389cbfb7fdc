"""Texts out of the head of a GGUF file."""

from pathlib import Path

import pytest

from kouyu.agents.embedded.tiers import MEDIUM
from kouyu.model_files.gguf_file import BadModel
from kouyu.model_files.gguf_texts import gguf_text
from kouyu.weights import MissingWeights
from tests.model_files.test_gguf_in_8_bits import gguf


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf([]))
    return path


def test_a_text_behind_numbers_and_lists_is_found(file: Path) -> None:
    assert gguf_text(file, "general.name") == "odd length"


@pytest.mark.parametrize("key", ["tokens", "general.file_type", "general.nam", ""])
def test_what_is_no_text_is_none(file: Path, key: str) -> None:
    assert gguf_text(file, key) is None


def test_a_file_that_is_cut_off_at_any_place_is_bad(file: Path) -> None:
    content = file.read_bytes()
    end = content.index(b"odd length")
    for length in range(end):
        file.write_bytes(content[:length])
        with pytest.raises(BadModel):
            gguf_text(file, "no such key")


def test_the_template_of_the_medium_tier_shows_calls_with_single_braces() -> None:
    """The file is 1.1 GB and is not fetched for the tests: where it is there, it is looked at."""
    try:
        template = MEDIUM.model_file().chat_template()
    except MissingWeights:
        pytest.skip("the weights are not on this machine")
    assert r"{\"name\": <function-name>, \"arguments\": <args-json-object>}" in template
    assert "{{\\" not in template
    assert r"</tool_response>\nTell me" in template
