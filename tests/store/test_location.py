from pathlib import Path

import platformdirs
import pytest

from kouyu.store import location


def test_the_folder_given_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOUYU_DATA_DIR", raising=False)
    monkeypatch.delenv("KOUYU_DATABASE", raising=False)
    assert location.data_dir() == platformdirs.user_data_path("kouyu")
    monkeypatch.setenv("KOUYU_DATA_DIR", "/srv/kouyu")
    assert location.database() == Path("/srv/kouyu/kouyu.db")
    assert location.database("/elsewhere") == Path("/elsewhere/kouyu.db")


def test_the_url_of_the_settings_wins_over_that_of_the_environment_and_that_over_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KOUYU_DATABASE", "postgresql://u@h/d")
    monkeypatch.setenv("KOUYU_DATA_DIR", "/srv/kouyu")
    assert location.database() == "postgresql://u@h/d"
    assert location.database("/elsewhere") == "postgresql://u@h/d"
    assert location.database("/elsewhere", "postgresql://other") == "postgresql://other"
