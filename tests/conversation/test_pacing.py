"""How fast packets may go out."""

from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.pacing import Pacer, limit_of
from kouyu.protocol.configuration import LimitConfig, OpusConfig, OutputAudio, PcmConfig

LIMIT = LimitConfig(period=2, max_frame_num=3)


def test_without_a_limit_everything_goes_at_once() -> None:
    pacer = Pacer(None)
    for _ in range(1000):
        assert pacer.ready_at(5.0) <= 5.0
        pacer.sent(5.0)


def test_a_full_period_makes_the_next_packet_wait_until_the_first_is_a_period_old() -> None:
    pacer = Pacer(LIMIT)
    for now in (10.0, 10.5, 11.0):
        assert pacer.ready_at(now) <= now
        pacer.sent(now)
    assert pacer.ready_at(11.0) == 12.0
    pacer.sent(12.0)
    assert pacer.ready_at(12.0) == 12.5


def test_after_a_silence_as_many_packets_go_at_once_as_a_period_takes() -> None:
    pacer = Pacer(LIMIT)
    pacer.sent(0.0)
    for _ in range(3):
        assert pacer.ready_at(100.0) <= 100.0
        pacer.sent(100.0)
    assert pacer.ready_at(100.0) == 102.0


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0, 2.5]), max_size=60), st.integers(1, 4), st.integers(1, 5))
def test_no_window_of_a_period_ever_holds_more_than_the_limit(waits: list[float], period: int, most: int) -> None:
    pacer = Pacer(LimitConfig(period=period, max_frame_num=most))
    now, sent = 0.0, list[float]()
    for wait in waits:
        now = max(now + wait, pacer.ready_at(now + wait))
        pacer.sent(now)
        sent.append(now)
        assert sum(at + period > now for at in sent) <= most


def test_the_limit_is_that_of_the_codec_in_use() -> None:
    pcm, opus = PcmConfig(frame_size_ms=20.0, limit_config=LIMIT), OpusConfig()
    for codec in ("pcm", "g711a", "g711u"):
        assert limit_of(OutputAudio(codec=codec, pcm_config=pcm, opus_config=opus)) == LIMIT
    assert limit_of(OutputAudio(codec="opus", pcm_config=pcm, opus_config=opus)) is None
    assert limit_of(OutputAudio(codec="opus", opus_config=OpusConfig(limit_config=LIMIT))) == LIMIT
    assert limit_of(OutputAudio(codec="mp3", pcm_config=pcm)) is None
