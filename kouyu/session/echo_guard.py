"""Keeps the agent from hearing itself: what a device without echo cancellation sends back of it is no speech."""

from collections import deque
from typing import Final

import numpy as np

from kouyu.audio.echo import ECHO_RATE, Echo, find_echo
from kouyu.audio.pcm import Samples
from kouyu.audio.resampling import Resampler, open_prompt_resampler
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.effects import Sounding
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.output_slot import ITEMS_AT_ONCE
from kouyu.conversation.speech_detector import RELEASE_PROBABILITY
from kouyu.protocol.speech_rate import SPEECH_RATE

COMPARED_MS: Final = 192
"""Of the user's audio, looked at together: shorter looks alike by chance, longer hides the user's first word."""
LONGEST_DELAY_MS: Final = 1200
"""From sending a sound to its coming back: the network twice, the device's buffers, the way through the room."""
ECHO_SHARE: Final = 0.5
"""With this much explained it is echo. Measured on three voices: of a plain echo at -6 to -20 dB all is explained; in a
reverberant room 0.5 or more in four of five looks; of somebody who speaks 0.5 or more in one of twenty looks, and
over an echo at -6 dB in one of three, which does not keep them from being heard."""
PLAIN_SHARE: Final = 0.8
"""With this much it is echo at once; with less it has to come after the same time as what was like echo before."""
SAME_DELAY: Final = ECHO_RATE * 30 // 1000
"""Samples: what a network's unsteadiness may make of the same delay."""
LINGERING_SHARE: Final = 0.2
LINGERING_MS: Final = 200
"""So soon after an echo less is enough: where a player ran dry for a moment, what is heard and what is taken to have
been played do not fit together until the gap is out of sight. A user who speaks then is heard so much later."""

COMES_BACK_MS: Final = LONGEST_DELAY_MS + 300
"""What has been playing for so long and has not come back yet will not come back when it has been interrupted: the
user who does so is not compared with it any more."""

_TRACK: Final = ECHO_RATE * (LONGEST_DELAY_MS + COMPARED_MS) // 1000
_OLD: Final = 4 * _TRACK
_MOST_MADE: Final = 120 * ECHO_RATE
"""Of one item, made and not sent yet: beyond what is ever synthesised ahead."""
_ARRIVALS: Final = 3000
"""Pieces of audio that wait to be judged; of more the oldest count as having come later than they did."""


class EchoGuard:
    """Follows what is played at the client's side, and recognises it in what comes back.

    Times are seconds on the session's clock. The client is taken to play at once what it is sent; how late it is
    follows from the comparison itself, at every look anew.
    """

    def __init__(self, timeline: AudioTimeline) -> None:
        self._timeline = timeline
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=_ARRIVALS)
        """Of audio that is still to be judged: the sample before which it ends, and when it came in."""
        self._made: dict[int, _Item] = {}
        self._track: Samples = np.zeros(0, np.float32)
        """What is played, past and to come, from the sample ``_track_from`` of the session's clock on; ECHO_RATE."""
        self._track_from = 0
        self._sounding: int | None = None
        self._sounds_since = 0
        """Sample of the user's audio at which the item began to be sent."""
        self._delay: int | None = None
        """Of the last thing that was like echo."""
        self._steady_until = -SPEECH_RATE
        """Sample of the user's audio up to which there was echo that came after the same time as the echo before it."""

    def made(self, item: int, samples: Samples, sample_rate: int) -> None:
        """More of an item's sound exists; it is not sent yet."""
        if item not in self._made:
            for older in sorted(self._made)[: len(self._made) - ITEMS_AT_ONCE + 1]:
                del self._made[older]
            self._made[item] = _Item()
        self._made[item].add(samples, sample_rate)

    def sounding(self, sound: Sounding, now: float) -> None:
        """A packet is sent: from ``starts_at`` on the next ``duration_ms`` of its item are played."""
        item = self._made.get(sound.item)
        if item is None:
            return
        if sound.item != self._sounding:
            self._sounding, self._sounds_since = sound.item, self._timeline.end
        samples = item.take(round(sound.duration_ms * ECHO_RATE / 1000))
        self._forget(round(now * ECHO_RATE) - _OLD)
        begin = max(0, round(sound.starts_at * ECHO_RATE) - self._track_from)
        silence = np.zeros(max(0, begin - len(self._track)), np.float32)
        self._track = np.concatenate((self._track[:begin], silence, samples))

    def flushed(self, now: float) -> None:
        """The client has thrown away what it had not played."""
        played = round(now * ECHO_RATE) - self._track_from
        if self._timeline.end - max(self._steady_until, self._sounds_since) > SPEECH_RATE * COMES_BACK_MS // 1000:
            played = 0
        self._track = self._track[: max(0, played)]

    def received(self, now: float) -> None:
        """The user's audio has come in up to the timeline's end."""
        self._arrivals.append((self._timeline.end, now))

    def without_echo(self, judged: SpeechProbability) -> SpeechProbability:
        """The judgement, or that there is no speech where what was heard is the agent's own voice."""
        arrived_at = self._arrived_at(judged.end)
        if judged.probability < RELEASE_PROBABILITY or arrived_at is None:
            return judged
        played = self._played_until(round(arrived_at * ECHO_RATE))
        size = SPEECH_RATE * COMPARED_MS // 1000
        heard = self._timeline.slice(judged.end - size, judged.end)
        if not played.any() or len(heard) < size:
            return judged
        # The mean of two neighbours is filter enough for a comparison.
        echo = find_echo(heard.reshape(-1, SPEECH_RATE // ECHO_RATE).mean(axis=1), played)
        return SpeechProbability(judged.end, 0.0, judged.levels) if self._is_echo(echo, judged.end) else judged

    def _is_echo(self, echo: Echo, end: int) -> bool:
        """Echo comes again and again after the same time; what is alike by chance does not."""
        before, steady_until = self._delay, self._steady_until
        if echo.share >= ECHO_SHARE:
            self._delay = echo.delay
            if before is not None and abs(echo.delay - before) <= SAME_DELAY:
                self._steady_until = end
                return True
            return echo.share >= PLAIN_SHARE
        return echo.share >= LINGERING_SHARE and end - steady_until <= SPEECH_RATE * LINGERING_MS // 1000

    def _arrived_at(self, end: int) -> float | None:
        """When the user's audio up to the sample ``end`` had come in, which may be well before it is judged."""
        while self._arrivals and self._arrivals[0][0] < end:
            self._arrivals.popleft()
        return self._arrivals[0][1] if self._arrivals else None

    def _played_until(self, at: int) -> Samples:
        """What was played in the time before the sample ``at`` of the session's clock in which an echo may begin."""
        played = np.zeros(_TRACK, np.float32)
        begin = at - _TRACK - self._track_from
        known = self._track[max(0, begin) : max(0, begin + _TRACK)]
        first = max(0, -begin)
        played[first : first + len(known)] = known
        return played

    def _forget(self, before: int) -> None:
        """What was played before the sample ``before`` of the session's clock does not come back. In large steps."""
        old = before - self._track_from
        if old > _OLD:
            self._track = self._track[old:]
            self._track_from += old


class _Item:
    """Sound of one item that exists and has not been sent."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None
        self._from_rate = 0
        self._samples: Samples = np.zeros(0, np.float32)

    def add(self, samples: Samples, sample_rate: int) -> None:
        if self._resampler is None or sample_rate != self._from_rate:
            self._from_rate = sample_rate
            self._resampler = open_prompt_resampler(sample_rate, ECHO_RATE)
        more = self._resampler.feed(samples)
        self._samples = np.concatenate((self._samples, more))[-_MOST_MADE:]

    def take(self, count: int) -> Samples:
        taken, self._samples = self._samples[:count], self._samples[count:]
        return np.concatenate((taken, np.zeros(count - len(taken), np.float32)))
