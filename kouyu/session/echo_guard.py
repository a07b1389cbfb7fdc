"""Keeps the agent's own voice, sent back by a device without echo cancellation, from counting as speech."""

from collections import deque
from typing import Final

import numpy as np

from kouyu.audio.echo import ECHO_RATE, Echo, find_echo
from kouyu.audio.pcm import Samples
from kouyu.audio.resampling import Resampler, open_prompt_resampler
from kouyu.audio.sample_buffer import SampleBuffer
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.answers_apart import ITEMS_AT_ONCE
from kouyu.conversation.effects import Sounding
from kouyu.conversation.endpointer import ECHO_COMES_BACK_MS
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.speech_detector import RELEASE_PROBABILITY, samples_in
from kouyu.domain.speech_rate import SPEECH_RATE

COMPARED_MS: Final = 192
"""Length of the user's audio in one comparison: shorter stretches match by chance, longer ones hide the user's first
word."""
LONGEST_DELAY_MS: Final = 1200
"""Longest delay from sending audio to receiving its echo: the network twice, the device's buffers, the room."""
ECHO_SHARE: Final = 0.5
"""Explained share from which audio is echo. Measured on three voices: a plain echo at -6 to -20 dB is explained whole;
in a reverberant room 0.5 or more is in four of five comparisons; of a user's speech in one of twenty, and of speech
over an echo at -6 dB in one of three, which does not keep it from being detected."""
PLAIN_SHARE: Final = 0.8
"""Explained share from which audio is echo at once; with less, the device must be known to send echoes, and the delay
must equal that of the match before. An echo begins with its direct sound, which is explained to 0.9 in any room; of a
user's first 150 ms, 0.5 to 0.65 is explained by chance in one of ten cases."""
SAME_DELAY: Final = ECHO_RATE * 30 // 1000
"""Samples: network jitter within which two delays count as equal."""
LINGERING_SHARE: Final = 0.2
LINGERING_MS: Final = 200
"""Time after an echo in which a smaller share is enough: after a player's buffer underrun the assumed and the actual
playout differ until the gap leaves the compared window. A user who speaks then is detected later by this."""

COMES_BACK_MS: Final = LONGEST_DELAY_MS + 300
"""An item that has played this long without an echo has none: after its interruption the user's audio is not
compared with it."""

_TRACK: Final = ECHO_RATE * (LONGEST_DELAY_MS + COMPARED_MS) // 1000
_OLD: Final = _TRACK
_MOST_MADE: Final = 120 * ECHO_RATE
"""Samples kept of one item, made and not sent yet: more than is ever synthesised ahead."""
_ARRIVALS: Final = 3000
"""Frames of audio that may wait for VAD; of more, the oldest count as arriving later than they did."""


class EchoGuard:
    """Tracks what the client plays, and recognises it in the user's audio.

    Times are seconds on the session's clock. The client is assumed to play at once what it is sent; each comparison
    determines the actual delay.
    """

    def __init__(self, timeline: AudioTimeline) -> None:
        self._timeline = timeline
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=_ARRIVALS)
        """For audio that VAD has not processed: the sample before which it ends, and when it came in."""
        self._made: dict[int, _Item] = {}
        """By their numbers, the one made last at the end."""
        self._track = SampleBuffer()
        """Audio that the client plays, past and future, from sample ``_track_from`` of the session on; ECHO_RATE."""
        self._track_from = 0
        self._sounding: int | None = None
        self._sounds_since = 0
        """Sample of the user's audio at which the item began to be sent."""
        self._delay: int | None = None
        """Delay of the last match, in samples."""
        self._steady_until = -samples_in(ECHO_COMES_BACK_MS) - 1
        """Sample of the user's audio up to which there was echo with the same delay as the echo before it."""

    def made(self, item: int, samples: Samples, sample_rate: int) -> None:
        """Add synthesised audio of an item, which is not sent yet."""
        known = self._made.pop(item, None)
        for older in list(self._made)[: len(self._made) - ITEMS_AT_ONCE + 1]:
            del self._made[older]
        self._made[item] = known or _Item()
        self._made[item].add(samples, sample_rate)

    def sounding(self, sound: Sounding, now: float) -> None:
        """Record a sent packet: the client plays the next ``duration_ms`` of its item from ``starts_at`` on."""
        item = self._made.get(sound.item)
        if item is None:
            return
        if sound.item != self._sounding:
            self._sounding, self._sounds_since = sound.item, self._timeline.end
        samples = item.take(round(sound.duration_ms * ECHO_RATE / 1000))
        self._forget(round(now * ECHO_RATE) - _OLD)
        begin = max(0, round(sound.starts_at * ECHO_RATE) - self._track_from)
        # Answers apart from the conversation sound at the same time as others.
        beneath = self._track.slice(begin, begin + len(samples))
        behind = self._track.slice(begin + len(samples), len(self._track))
        samples[: len(beneath)] += beneath
        self._track.cut_to(begin)
        self._track.append(np.zeros(begin - len(self._track), np.float32))
        self._track.append(samples)
        self._track.append(behind)

    def flushed(self, now: float) -> None:
        """Record that the client discarded the audio it had not played."""
        played = round(now * ECHO_RATE) - self._track_from
        if self._none_comes_back(self._timeline.end):
            played = 0
        self._track.cut_to(max(0, played))

    def received(self, now: float) -> None:
        """Record that the user's audio has arrived up to the timeline's end.

        While no echo is possible, nothing is kept, and ``without_echo`` compares nothing.
        """
        if now * ECHO_RATE - _TRACK < self._track_from + len(self._track):
            self._arrivals.append((self._timeline.end, now))
        elif len(self._track):
            self._track_from += len(self._track)
            self._track.drop(len(self._track))

    def without_echo(self, judged: SpeechProbability) -> SpeechProbability:
        """``judged`` itself, or with probability 0 if the audio is the agent's own voice."""
        if not self._arrivals:
            return judged
        arrived_at = self._arrived_at(judged.end)
        if judged.probability < RELEASE_PROBABILITY or arrived_at is None:
            return judged
        played = self._played_until(round(arrived_at * ECHO_RATE))
        size = SPEECH_RATE * COMPARED_MS // 1000
        heard = self._timeline.slice(judged.end - size, judged.end)
        if not played.any() or len(heard) < size:
            return judged
        # The mean of two neighbours is a sufficient low-pass filter for a comparison.
        echo = find_echo(heard.reshape(-1, SPEECH_RATE // ECHO_RATE).mean(axis=1), played)
        is_echo = self._is_echo(echo, judged.end)
        return SpeechProbability(judged.end, 0.0, judged.levels, echo=True) if is_echo else judged

    def _is_echo(self, echo: Echo, end: int) -> bool:
        """Whether the match is an echo: echoes recur with the same delay, chance matches do not."""
        before, share, known = self._delay, echo.share, self._sends_echo(end)
        if share < (ECHO_SHARE if known else PLAIN_SHARE):
            return known and share >= LINGERING_SHARE and end - self._steady_until <= samples_in(LINGERING_MS)
        self._delay = echo.delay
        if before is not None and abs(echo.delay - before) <= SAME_DELAY:
            self._steady_until = end
            return True
        return share >= PLAIN_SHARE

    def _sends_echo(self, end: int) -> bool:
        """Whether the device is known to send an echo of what it plays at the sample ``end``."""
        return end - self._steady_until <= samples_in(ECHO_COMES_BACK_MS) and not self._none_comes_back(end)

    def _none_comes_back(self, end: int) -> bool:
        """Whether the item has played for so long without an echo, up to the sample ``end``, that it has none."""
        return end - max(self._steady_until, self._sounds_since) > samples_in(COMES_BACK_MS)

    def _arrived_at(self, end: int) -> float | None:
        """When the user's audio up to the sample ``end`` came in, which may be well before VAD processes it."""
        while self._arrivals and self._arrivals[0][0] < end:
            self._arrivals.popleft()
        return self._arrivals[0][1] if self._arrivals else None

    def _played_until(self, at: int) -> Samples:
        """The audio played before the sample ``at`` of the session's clock of which an echo is possible at ``at``."""
        played = np.zeros(_TRACK, np.float32)
        begin = at - _TRACK - self._track_from
        known = self._track.slice(max(0, begin), max(0, begin + _TRACK))
        first = max(0, -begin)
        played[first : first + len(known)] = known
        return played

    def _forget(self, before: int) -> None:
        """Free the audio played before the sample ``before`` of the session's clock, in large steps."""
        old = before - self._track_from
        if old > _OLD:
            self._track.drop(old)
            self._track_from += old


class _Item:
    """Synthesised audio of one item that has not been sent."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None
        self._from_rate = 0
        self._samples = SampleBuffer()

    def add(self, samples: Samples, sample_rate: int) -> None:
        if self._resampler is None or sample_rate != self._from_rate:
            self._from_rate = sample_rate
            self._resampler = open_prompt_resampler(sample_rate, ECHO_RATE)
        self._samples.append(self._resampler.feed(samples))
        self._samples.drop(len(self._samples) - _MOST_MADE)

    def take(self, count: int) -> Samples:
        taken = np.zeros(count, np.float32)
        known = self._samples.slice(0, count)
        taken[: len(known)] = known
        self._samples.drop(len(known))
        return taken
