"""Which settings may change while the server runs."""

import msgspec

from kouyu.conversation.limits import Limits
from kouyu.settings import Settings
from kouyu.settings.all_settings import EngineSettings, ServerSettings
from kouyu.settings.bots import BotSettings
from kouyu.settings.reloading import SECTIONS, differences, with_changes

BOTS = (BotSettings(id="ada"),)


def test_what_may_change_is_taken_and_the_rest_stays() -> None:
    read = Settings(
        bots=BOTS,
        limits=Limits(reply_start_s=3.0),
        server=ServerSettings(port=1, max_sessions=5),
        engines=EngineSettings(workers=7, default_voices={"zh": "a"}),
    )
    running = Settings()
    changed = with_changes(running, read)
    assert differences(running, changed) == ["server.max_sessions", "limits.reply_start_s", "bots"]
    assert differences(changed, read) == ["server.port", "engines.workers", "engines.default_voices.zh"]
    assert differences(changed, with_changes(changed, read)) == []


def test_every_section_is_one() -> None:
    assert set(SECTIONS) <= set(Settings.__struct_fields__)
    left = set(Settings.__struct_fields__) - set(SECTIONS)
    of_start = {"server", "data", "engines", "engine_server", "weights", "transcripts", "files", "tracing", "store"}
    assert left == of_start


def test_no_value_is_shown() -> None:
    one, other = Settings(), Settings(bots=(msgspec.structs.replace(BOTS[0], description="secret"),))
    assert "secret" not in "".join(differences(one, other))
