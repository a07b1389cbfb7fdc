"""Does the work of requests: from the body of a request to what the answer holds."""

from collections.abc import AsyncGenerator
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engine_server.held_audio import HeldAudio
from kouyu.engine_server.served_engines import ServedEngines
from kouyu.engines.remote import wire
from kouyu.engines.remote.wire import RemoteKind, SentAudio
from kouyu.engines.tts.engine import AudioPiece
from kouyu.engines.work import Priority

Work = TypeVar("Work")


class NotServed(Exception):
    """The process has no engine of this kind, or no such voice."""


class EngineWork:
    """The engines behind the bodies of ``wire``."""

    def __init__(self, engines: ServedEngines, held: HeldAudio) -> None:
        self._engines = engines
        self._held = held
        self._synthesizers = {voice.voice_id: each for each in engines.synthesizers for voice in each.voices()}

    async def answer(self, kind: RemoteKind, body: bytes, priority: Priority) -> msgspec.Struct:
        """The answer to work of any kind but speech. Cancelling the awaiting task cancels the work.

        Raises msgspec.DecodeError, ValueError, AudioUnknown, NotServed, and what engines raise.
        """
        engines = self._engines
        match kind:
            case "asr" if engines.recognizer is not None:
                asked = _decoded(body, wire.RecognitionWork)
                audio = self._audio(asked.audio)
                return await engines.recognizer.recognize(audio, asked.options, priority)
            case "turn" if engines.turn_judge is not None:
                turn = _decoded(body, wire.JudgementWork)
                audio = self._audio(turn.audio)
                return wire.Judgement(await engines.turn_judge.completeness(audio, turn.transcript, turn.language))
            case "voiceprint" if engines.speaker_encoder is not None:
                audio = self._audio(_decoded(body, wire.AudioWork).audio)
                vector = await engines.speaker_encoder.encode(audio, priority)
                return wire.MadeVoiceprint(vector.astype("<f4").tobytes(), engines.speaker_encoder.model)
            case "emotion" if engines.emotion_recognizer is not None:
                audio = self._audio(_decoded(body, wire.AudioWork).audio)
                return wire.FoundEmotion(await engines.emotion_recognizer.emotion(audio, priority))
        raise NotServed(f"this process serves no engine of the kind {kind}")

    def spoken(self, body: bytes, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """The pieces of a text's speech. Raises as ``answer``."""
        asked = _decoded(body, wire.SynthesisWork)
        synthesizer = self._synthesizers.get(asked.options.voice_id)
        if synthesizer is None:
            raise NotServed(f"this process has no voice that is called {asked.options.voice_id!r}")
        return synthesizer.synthesize(asked.text, asked.options, priority)

    def _audio(self, sent: SentAudio) -> NDArray[np.float32]:
        return wire.decoded_audio(self._held.whole(sent), sent.encoding)


def _decoded(body: bytes, work: type[Work]) -> Work:
    return msgspec.msgpack.decode(body, type=work)
