"""What is sent of utterances that grow."""

from kouyu.engines.remote.increments import BEGINNING_BYTES, KEPT_S, Increments
from kouyu.engines.remote.wire import SentAudio

ONE = bytes(range(250)) * 400
OTHER = ONE[::-1]


class Sender:
    """Sends utterances to a process that takes all."""

    def __init__(self) -> None:
        self.now = 0.0
        self.increments = Increments(clock=lambda: self.now)

    def send(self, audio: bytes) -> SentAudio:
        sent = self.increments.next_of(audio, "int16")
        self.increments.arrived(sent, audio)
        return sent


def test_utterances_of_several_speakers_grow_side_by_side() -> None:
    sender = Sender()
    names = {sender.send(audio[:20_000]).utterance for audio in (ONE, OTHER)}
    assert len(names) == 2
    for end in (30_000, 40_000):
        for audio in (ONE, OTHER):
            sent = sender.send(audio[:end])
            assert (sent.samples, sent.held) == (audio[end - 10_000 : end], end - 10_000)


def test_the_same_audio_again_sends_nothing() -> None:
    sender = Sender()
    sender.send(ONE)
    assert (sender.send(ONE).samples, sender.send(ONE).held) == (b"", len(ONE))


def test_what_did_not_arrive_is_sent_again() -> None:
    sender = Sender()
    sender.increments.next_of(ONE, "int16")
    assert sender.increments.next_of(ONE, "int16").samples == ONE
    sender.send(ONE)
    sender.increments.lost()
    assert sender.send(ONE).samples == ONE


def test_short_audio_has_no_name_and_old_audio_is_forgotten() -> None:
    sender = Sender()
    assert sender.send(ONE[: BEGINNING_BYTES - 2]).utterance == ""
    sender.send(ONE[:20_000])
    sender.now += KEPT_S
    assert sender.send(ONE).held == 0
