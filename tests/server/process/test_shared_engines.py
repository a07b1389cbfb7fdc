"""What worker processes share: which engines, and what their settings then say."""

from pathlib import Path

import pytest

from kouyu.agents.embedded.attached import Attachment
from kouyu.engines.remote.options import RemoteOptions
from kouyu.server.process.workers.restarts import FIRST_PAUSE_S, LONGEST_PAUSE_S, STABLE_AFTER_S, Restarts
from kouyu.server.process.workers.shared_engines import (
    NOTHING,
    Shared,
    check_still_shared,
    shared_kinds,
    shares_model,
    with_shared,
)
from kouyu.settings import SettingsError, load


def test_all_engines_that_are_loaded_here_are_shared_but_voice_activity_and_noise_suppression() -> None:
    settings = load(None)
    assert shared_kinds(settings) == ("asr", "tts", "turn", "voiceprint")
    assert shares_model(settings)
    slots = tuple(Attachment(port=1, api_key="key", first_slot=4 * worker, slots=4) for worker in range(2))
    own = with_shared(settings, Shared("unix:/run/engines.sock", slots), 1).engines
    assert (own.asr, own.tts, own.turn, own.voiceprint, own.llm) == (
        "remote",
        ("remote",),
        "remote",
        "remote",
        "attached",
    )
    assert (own.vad, own.denoise) == (settings.engines.vad, settings.engines.denoise)
    assert own.options["remote"] == RemoteOptions(urls=("unix:/run/engines.sock",))
    assert own.options["attached"].first_slot == 4


def test_engines_and_models_that_are_other_servers_already_are_reached_by_each_worker(tmp_path: Path) -> None:
    (tmp_path / "kouyu.toml").write_text(
        """
[engines]
asr = "openai"
[engines.openai_asr]
base_url = "http://127.0.0.1:9/v1"
model = "x"
[[bots]]
id = "b"
model = { base_url = "http://127.0.0.1:9/v1", model = "x" }
"""
    )
    settings = load(tmp_path / "kouyu.toml")
    assert shared_kinds(settings) == ("tts", "turn", "voiceprint")
    assert not shares_model(settings)
    assert with_shared(settings, NOTHING, 0) == settings


def test_pauses_between_starts_grow_and_then_it_is_said_what_to_do() -> None:
    restarts, waited, advice = Restarts(), [], []
    for _ in range(12):
        restarts.begin()
        waited.append(restarts.after_end("its process ended with status 1"))
        advice.append(restarts.advice)
    assert waited[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert waited[-1] == LONGEST_PAUSE_S
    assert advice[:2] == ["", ""]
    assert advice[2].startswith("; it has ended 3 times in a row: mend what its own lines above name")
    assert (restarts.count, restarts.state, restarts.last_end) == (11, "waiting", "its process ended with status 1")
    assert restarts.uptime_s == 0.0


def test_a_process_that_has_lived_for_long_is_started_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    restarts = Restarts()
    for _ in range(5):
        restarts.begin()
        restarts.after_end("")
    restarts.begin()
    restarts.running()
    now[0] += STABLE_AFTER_S + 1
    assert (restarts.uptime_s, restarts.state) == (STABLE_AFTER_S + 1, "running")
    assert restarts.after_end("") == FIRST_PAUSE_S
    assert restarts.advice == ""


def test_settings_read_anew_must_not_need_a_model_that_was_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "kouyu.toml").write_text(
        '[[bots]]\nid = "b"\nmodel = { base_url = "http://127.0.0.1:9/v1", model = "x" }'
    )
    check_still_shared(load(tmp_path / "kouyu.toml"), NOTHING)
    with pytest.raises(SettingsError, match="start the server again"):
        check_still_shared(load(None), NOTHING)
    check_still_shared(load(None), Shared(model=(Attachment(port=1),)))
