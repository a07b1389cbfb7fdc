"""How fast packets may go out."""

import math

from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import Send
from kouyu.conversation.inputs import PacketGone
from kouyu.conversation.pacing import Pacer, limit_of
from kouyu.domain.configuration import LimitConfig, OpusConfig, OutputAudio, PcmConfig
from tests.conversation.simulation import Engines, Simulation

LIMIT = LimitConfig(period=2, max_frame_num=3)


def test_without_a_limit_everything_goes_at_once() -> None:
    pacer = Pacer(None)
    for _ in range(1000):
        assert pacer.ready_at(5.0) <= 5.0
        pacer.left(5.0)


def test_a_full_period_makes_the_next_packet_wait_until_the_first_is_a_period_old() -> None:
    pacer = Pacer(LIMIT)
    for now in (10.0, 10.5, 11.0):
        assert pacer.ready_at(now) <= now
        pacer.left(now)
    assert pacer.ready_at(11.0) == 12.0
    pacer.left(12.0)
    assert pacer.ready_at(12.0) == 12.5


def test_after_a_silence_as_many_packets_go_at_once_as_a_period_takes() -> None:
    pacer = Pacer(LIMIT)
    pacer.left(0.0)
    for _ in range(3):
        assert pacer.ready_at(100.0) <= 100.0
        pacer.left(100.0)
    assert pacer.ready_at(100.0) == 102.0


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0, 2.5]), max_size=60), st.integers(1, 4), st.integers(1, 5))
def test_no_window_of_a_period_ever_holds_more_than_the_limit(waits: list[float], period: int, most: int) -> None:
    pacer = Pacer(LimitConfig(period=period, max_frame_num=most))
    now, sent = 0.0, list[float]()
    for wait in waits:
        now = max(now + wait, pacer.ready_at(now + wait))
        pacer.left(now)
        sent.append(now)
        assert sum(at + period > now for at in sent) <= most


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.5, 3.0]), st.booleans()), max_size=60
    ),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_no_window_holds_more_where_packets_wait_to_leave(
    steps: list[tuple[float, float, bool]], period: int, most: int
) -> None:
    pacer = Pacer(LimitConfig(period=period, max_frame_num=most))
    now, left = 0.0, list[float]()
    on_the_way: list[int] = []
    for wait, leaves_after, dropped in steps:
        now += wait
        while pacer.ready_at(now) <= now:
            number = pacer.released()
            assert number is not None
            on_the_way.append(number)
        now += leaves_after
        for number in on_the_way:
            pacer.gone(number, None if dropped else now)
        left += [] if dropped else [now] * len(on_the_way)
        on_the_way.clear()
        assert sum(at + period > now for at in left) <= most


def test_what_is_on_its_way_fills_the_period_until_it_has_left_or_was_dropped() -> None:
    pacer = Pacer(LIMIT)
    numbers = [pacer.released() for _ in range(3)]
    assert pacer.ready_at(100.0) == math.inf
    assert numbers[0] is not None
    assert numbers[1] is not None
    pacer.gone(numbers[0], 100.0)
    assert pacer.ready_at(100.0) == 102.0
    pacer.gone(numbers[1], None)
    assert pacer.ready_at(100.0) <= 100.0
    pacer.gone(numbers[1], 100.0)  # told twice: it counts once
    assert pacer.ready_at(100.0) <= 100.0


def test_another_limit_counts_what_has_left_before() -> None:
    pacer = Pacer(LIMIT)
    for _ in range(3):
        pacer.left(10.0)
    pacer.limit = LimitConfig(period=4, max_frame_num=3)
    assert pacer.ready_at(11.0) == 14.0


def test_the_limit_is_that_of_the_codec_in_use() -> None:
    pcm, opus = PcmConfig(frame_size_ms=20.0, limit_config=LIMIT), OpusConfig()
    for codec in ("pcm", "g711a", "g711u"):
        assert limit_of(OutputAudio(codec=codec, pcm_config=pcm, opus_config=opus)) == LIMIT
    assert limit_of(OutputAudio(codec="opus", pcm_config=pcm, opus_config=opus)) is None
    assert limit_of(OutputAudio(codec="opus", opus_config=OpusConfig(limit_config=LIMIT))) == LIMIT
    assert limit_of(OutputAudio(codec="mp3", pcm_config=pcm)) is None


# In a conversation


def paced(leaving_s: float) -> Simulation:
    """Of every answer's packets, two may leave in a second; each takes ``leaving_s`` to leave."""
    talk = Simulation(Engines(leaving_s=leaving_s, deltas=("One two three four five.",), packet_ms=20.0))
    limit = {"frame_size_ms": 20, "limit_config": {"period": 1, "max_frame_num": 2}}
    talk.configure(output_audio={"codec": "pcm", "pcm_config": limit})
    return talk


def sent_at(talk: Simulation) -> list[float]:
    """When each packet was sent, counted from the first."""
    times = [at for at, effect in talk.effects if isinstance(effect, Send) and effect.packet is not None]
    return [round(at - times[0], 3) for at in times]


def test_a_second_counts_from_when_a_packet_has_left_not_from_when_it_was_sent() -> None:
    prompt, late = paced(0.0), paced(0.5)
    for talk in (prompt, late):
        talk.write("Count!")
        talk.wait(20)
        assert talk.event_types[-1] == "conversation.chat.completed"
    assert sent_at(prompt)[::2] == [0.0, 1.0, 2.0]
    assert sent_at(late)[::2] == [0.0, 1.5, 3.0]


def test_packets_that_an_interruption_drops_make_room_for_the_next_answers_at_once() -> None:
    talk = paced(30.0)
    talk.write("Count!")
    talk.wait(1)
    assert len(sent_at(talk)) == 2
    talk.write("Count again!")
    talk.wait(1)
    assert sum(isinstance(item, PacketGone) and item.dropped for _, item in talk.history) == 2
    assert len(sent_at(talk)) == 4
