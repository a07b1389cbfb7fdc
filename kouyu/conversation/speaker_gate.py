"""Decides which speech is the target speaker's (voiceprint denoising), from similarities alone, without a model."""

from collections import deque
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.speech_detector import ONSET_PROBABILITY, RELEASE_PROBABILITY, samples_in
from kouyu.conversation.utterance import Span

PAUSE_MS: Final = 224
"""Ms of silence after which the next speaker is determined again."""
_LOOKS: Final = ((480, 1.5), (800, 1.0), (1200, 0.5), (1600, 0.0))
"""Ms of speech at which a new stretch is compared with the target, and the absolute lead needed to decide there."""
_OPEN_WINDOW_MS: Final = 800
"""Ms of the latest speech that is compared while the target speaks. Short, to detect a change of speaker early. A
wrong detection loses nothing: speech held back meanwhile is released when the target is recognised again."""
_SHUT_WINDOW_MS: Final = 1200
"""The same while another speaker speaks. This much is held back, so that it includes the beginning of the target's
speech."""
_STEP_MS: Final = 320
"""Ms of new speech from one such comparison to the next."""
_LOST: Final = -0.33
"""The lead at which the gate closes while the target speaks."""
_FOUND: Final = 0.33
"""The lead at which the gate opens while another speaker speaks."""


class Mute(msgspec.Struct, frozen=True):
    """Silence the audio from the sample ``start`` to before ``end``: it is another speaker's speech."""

    start: int
    end: int


class _Chunk(msgspec.Struct, frozen=True):
    start: int
    judged: SpeechProbability
    speech: bool


class SpeakerGate:
    """Holds back speech until the speaker is determined; passes the target's speech on, and silence for others'.

    ::

        target      ___##########____##########_____________
        others      _____________________________######_____
        state       idle|deciding |idle|deciding|..|decid.|shut|idle
                        |   open  |    |  open     |
        let through ___     ######____     ########_________

    The target's speech is never cut off: what was held back is passed on in full, only later. A stretch of speech is
    compared with the target at several lengths, of which the shorter ones need a clearer result, or at its end if that
    comes first. After that its latest part is compared repeatedly, to detect a change of speaker without a pause.

    ``question`` is the speech that the caller must compare with the target's. While it is not None, the next call must
    be ``answer``. Positions are samples of the user's audio.
    """

    def __init__(self, position: int) -> None:
        self._position = position
        self._state: Literal["idle", "deciding", "open", "shut"] = "idle"
        self._held: deque[_Chunk] = deque()
        self._speech: deque[Span] = deque()
        self._since_compared = 0
        self._look = 0
        self._silence = 0
        self._finishing = False
        self.question: tuple[Span, ...] | None = None
        """Speech of one stretch, without its pauses, to compare with the target's."""

    @property
    def holding(self) -> bool:
        """Whether audio is held back."""
        return bool(self._held)

    @property
    def open(self) -> bool:
        """Whether the target is speaking."""
        return self._state == "open"

    def feed(self, judged: SpeechProbability) -> Iterator[SpeechProbability | Mute]:
        """Take in the VAD result of one more chunk; yields what to pass on now."""
        assert self.question is None
        start, self._position = self._position, judged.end
        if self._state == "idle":
            if judged.probability < ONSET_PROBABILITY:
                yield judged
                return
            self._begin()
        speech = judged.probability >= RELEASE_PROBABILITY
        self._silence = 0 if speech else self._silence + judged.end - start
        if speech:
            self._speech.append(Span(start, judged.end))
            self._since_compared += judged.end - start
        self._held.append(_Chunk(start, judged, speech))
        if self._state == "open":
            yield from self._let_through()
        if self._state != "deciding":
            yield from self._leave_window()
        self._ask()
        if self.question is None and self._over:
            yield from self._end()

    def answer(self, lead: float | None) -> Iterator[SpeechProbability | Mute]:
        """Take in the ``lead``: the similarity less the least one of the target's speech of that length, in standard
        deviations.

        None: the speech could not be compared and counts as the target's.
        """
        assert self.question is not None
        self.question = None
        self._since_compared = 0
        match self._state:
            case "deciding":
                self._decide(1.0 if lead is None else lead)
            case "open" if lead is not None and lead < _LOST:
                self._state = "shut"
            case "shut" if lead is None or lead >= _FOUND:
                self._state = "open"
            case _:
                pass
        if self._state == "open":
            yield from self._let_through()
        if self._state != "deciding":
            yield from self._leave_window()
        if self._over:
            yield from self._end()

    def finish(self) -> Iterator[SpeechProbability | Mute]:
        """Decide about the audio held back from what has come so far: no more comes for now."""
        assert self.question is None
        if self._state != "idle":
            self._finishing = True
            self._ask()
            if self.question is None:
                yield from self._end()

    @property
    def _over(self) -> bool:
        """Whether the stretch of speech has ended."""
        return self._finishing or self._silence >= samples_in(PAUSE_MS)

    def _begin(self) -> None:
        self._state = "deciding"
        self._speech.clear()
        self._since_compared = self._look = self._silence = 0

    def _ask(self) -> None:
        if self._state == "deciding":
            due = self._over or _length(self._speech) >= samples_in(_LOOKS[self._look][0])
        else:
            due = self._since_compared >= samples_in(_STEP_MS)
        if due:
            self.question = tuple(self._speech)

    def _decide(self, lead: float) -> None:
        clear = _LOOKS[self._look][1]
        last = self._over or self._look == len(_LOOKS) - 1
        if lead >= clear or (last and lead >= 0):
            self._state = "open"
        elif last or lead < -clear:
            self._state = "shut"
        else:
            self._look += 1

    def _let_through(self) -> Iterator[SpeechProbability]:
        while self._held:
            yield self._held.popleft().judged

    def _leave_window(self) -> Iterator[SpeechProbability | Mute]:
        """Mute the held-back audio that is older than the comparison window."""
        window = samples_in(_OPEN_WINDOW_MS if self._state == "open" else _SHUT_WINDOW_MS)
        while self._speech and _length(self._speech) - (self._speech[0].end - self._speech[0].start) >= window:
            self._speech.popleft()
        before = self._speech[0].start if self._speech else self._position
        yield from self._shut_out([self._held.popleft() for _ in range(self._older(before))])

    def _older(self, before: int) -> int:
        return sum(chunk.start < before for chunk in self._held)

    def _end(self) -> Iterator[SpeechProbability | Mute]:
        """End the stretch and mute what is still held back of it, which is not the target's."""
        chunks = list(self._held)
        self._held.clear()
        self._speech.clear()
        self._state = "idle"
        self._finishing = False
        yield from self._shut_out(chunks)

    def _shut_out(self, chunks: list[_Chunk]) -> Iterator[SpeechProbability | Mute]:
        spoken = [chunk for chunk in chunks if chunk.speech]
        if spoken:
            # The pause behind it stays: the target may be drawing breath in it.
            yield Mute(spoken[0].start, spoken[-1].judged.end)
        for chunk in chunks:
            yield SpeechProbability(chunk.judged.end, 0.0)


def _length(spans: deque[Span]) -> int:
    return sum(span.end - span.start for span in spans)
