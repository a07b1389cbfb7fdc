"""Speaks at speeds beyond a voice's own range, by time-stretching."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from kouyu.audio.tempo import Tempo
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions, Voice
from kouyu.engines.tts.prosody import FASTEST, SLOWEST


class AtSpeed:
    """A SpeechSynthesizer around another one, ``speed`` times as fast, 0.1 to 10, at the same pitch.

    The voice itself covers half to double speed; beyond that its audio is time-stretched.
    """

    def __init__(self, voices: SpeechSynthesizer, speed: float) -> None:
        self._voices = voices
        own = min(max(speed, SLOWEST), FASTEST)
        self._speech_rate = round((own - 1) * 100)
        self._stretch = speed / own

    def voices(self) -> Sequence[Voice]:
        """The inner synthesizer's voices."""
        return self._voices.voices()

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """Speak a sentence; ``speech_rate`` is ignored. Raises EngineError."""
        at_its_own = msgspec.structs.replace(options, speech_rate=self._speech_rate)
        tempo: Tempo | None = None
        rate = 0
        async with aclosing(self._voices.synthesize(text, at_its_own, priority)) as pieces:
            async for piece in pieces:
                if self._stretch == 1:
                    yield piece
                    continue
                if tempo is not None and piece.sample_rate != rate:
                    yield AudioPiece(tempo.flush(), rate)
                    tempo = None
                rate = piece.sample_rate
                tempo = tempo or Tempo(self._stretch, rate)
                yield AudioPiece(tempo.feed(piece.samples), rate)
        if tempo is not None:
            yield AudioPiece(tempo.flush(), rate)

    async def close(self) -> None:
        """Do nothing: the inner synthesizer's owner closes it."""
