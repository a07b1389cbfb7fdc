"""A conversation in virtual time with an observer."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from kouyu.conversation.inputs import AudioReceived, Input
from kouyu.diagnostics.facts.record import AnyFact
from kouyu.diagnostics.facts.user import SpeechProbabilities, Waveform
from kouyu.diagnostics.observer import Observer
from kouyu.diagnostics.waveform_track import WaveformTrack
from tests.conversation.simulation import Simulation

F = TypeVar("F", bound=AnyFact)


@dataclass
class Observed(Simulation):
    """A simulation whose facts are in ``facts``."""

    facts: list[AnyFact] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._heard = 0
        self.observer = Observer(
            limits=self.limits, configuration=self.conversation.configuration, turns_before=0, say=self.facts.append
        )
        self.waveform = WaveformTrack(self.observer.clock, self.facts.append)

    def give(self, received: Input) -> None:
        """Hand an input to the core, as a session does."""
        if isinstance(received, AudioReceived):
            samples = np.full(received.end - self._heard, 0.25, np.float32)
            self.observer.arrived(self._heard, received.end, self.now)
            self.waveform.heard(samples, received.end, self.now)
            self._heard = received.end
        effects = self.conversation.receive(received, self.now)
        self.observer.observe(received, effects, self.conversation.configuration, self.now)
        self.history.append((self.now, received))
        self._take(effects)

    def kinds_of(self, turn: int) -> list[str]:
        """The types of a turn's facts, in order."""
        return [str(fact.__struct_config__.tag) for fact in self.facts if fact.turn == turn]

    def of(self, kind: type[F], turn: int | None = None) -> list[F]:
        """The facts of one type, of one turn or of all."""
        return [fact for fact in self.facts if isinstance(fact, kind) and turn in (None, fact.turn)]

    @property
    def told(self) -> list[AnyFact]:
        """All but the user's waveform and voice activity."""
        return [fact for fact in self.facts if not isinstance(fact, Waveform | SpeechProbabilities)]
