"""How much of the sent audio has been played."""

import pytest

from kouyu.conversation.playout import PlayoutClock


def test_nothing_sent_is_nothing_left() -> None:
    assert PlayoutClock().remaining_ms(3.0) == 0


def test_audio_sounds_at_the_speed_of_sound_however_fast_it_is_sent() -> None:
    clock = PlayoutClock()
    for _ in range(10):
        clock.sent(500, 1.0)
    assert clock.remaining_ms(1.0) == pytest.approx(5000)
    assert clock.remaining_ms(4.0) == pytest.approx(2000)
    assert clock.remaining_ms(6.0) == clock.remaining_ms(60.0) == 0


def test_audio_that_comes_after_the_player_ran_dry_begins_when_it_comes() -> None:
    clock = PlayoutClock()
    clock.sent(1000, 0.0)
    clock.sent(1000, 5.0)
    assert clock.ends_at == pytest.approx(6.0)
    assert clock.remaining_ms(5.5) == pytest.approx(500)


def test_flushed_audio_is_never_heard() -> None:
    clock = PlayoutClock()
    clock.sent(10_000, 0.0)
    clock.flushed(2.0)
    assert clock.remaining_ms(2.0) == 0
    clock.sent(1000, 3.0)
    assert clock.remaining_ms(3.0) == pytest.approx(1000)


def test_flushing_a_player_that_has_run_dry_changes_nothing() -> None:
    clock = PlayoutClock()
    clock.sent(1000, 0.0)
    clock.flushed(7.0)
    assert clock.ends_at == pytest.approx(1.0)
