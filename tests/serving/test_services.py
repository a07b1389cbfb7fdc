"""What all sessions share."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kouyu.bench.stub_engines import StubSynthesizer, open_stub_services
from kouyu.engines.tts.engine import Voice
from kouyu.settings import Settings
from kouyu.store.store import Store


class TwoVoices(StubSynthesizer):
    """Two of them; nothing is spoken here."""

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(voice_id=name, name=name, engine="test", languages=("en",)) for name in ("joe", "ann"))


@pytest.mark.models
async def test_a_bot_speaks_with_its_voice_or_the_default_one_where_that_is_not_here(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store, open_stub_services(Settings(), store) as stubs:
        services = replace(stubs, synthesizer=TwoVoices(), default_voice_id="joe")
        (bot, *_) = services.bots.values()
        for wanted, gets in {"ann": "ann", "ghost": "joe", "": "joe"}.items():
            assert services.voice_of(msgspec.structs.replace(bot, voice_id=wanted)) == gets
        assert services.voice_of(None) == "joe"
