"""What worker processes share: which engines, and what their settings then say."""

from pathlib import Path

from kouyu.agents.embedded.attached import Attachment
from kouyu.engines.remote.options import RemoteOptions
from kouyu.server.process.workers.restarts import FIRST_PAUSE_S, LONGEST_PAUSE_S, Pauses
from kouyu.server.process.workers.shared_engines import NOTHING, Shared, shared_kinds, shares_model, with_shared
from kouyu.settings import load


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


def test_pauses_between_starts_grow_and_end_with_a_process_that_lives() -> None:
    pauses = Pauses()
    waited = [pauses.after_end() for _ in range(12)]
    assert waited[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert waited[-1] == LONGEST_PAUSE_S
