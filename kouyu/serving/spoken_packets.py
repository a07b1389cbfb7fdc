"""Synthesises a sentence and encodes it into packets of the client's format."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from kouyu.audio.downlink_encoding import AudioEncoder
from kouyu.audio.framing import Packet
from kouyu.audio.pcm import Samples
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.errors import INTERNAL_MSG
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SpeechSynthesizer, SynthesisOptions

log = logging.getLogger(__name__)

LONGEST_SOUND_S: Final = 300.0
"""Most audio of one sentence, in seconds. The longest sentence takes some 25 s; at a fifth of the speed 125."""
_ENCODED_AT_ONCE_S: Final = 0.2
"""Seconds of audio encoded before other tasks get to run on the event loop."""


async def spoken_packets(
    synthesizer: SpeechSynthesizer,
    text: str,
    options: SynthesisOptions,
    priority: Priority,
    encoder: AudioEncoder,
    *,
    patience_s: float | None = None,
    tap: Callable[[Samples, int], None] | None = None,
) -> AsyncGenerator[Packet, None]:
    """Yield the packets of ``text`` as they are made; ``encoder.flush`` returns the rest that it buffers.

    ``tap`` gets the samples, with their rate, before they become packets.

    Raises EngineError, also if the engine gives no audio for ``patience_s`` seconds, or more than LONGEST_SOUND_S.
    """
    made_s = 0.0
    async with aclosing(synthesizer.synthesize(text, options, priority)) as pieces:
        while (piece := await _next_piece(pieces, patience_s)) is not None:
            step = int(piece.sample_rate * _ENCODED_AT_ONCE_S)
            for start in range(0, len(piece.samples), step):
                samples = piece.samples[start : start + step]
                made_s += len(samples) / piece.sample_rate
                if made_s > LONGEST_SOUND_S:
                    too_much = f"more than {LONGEST_SOUND_S:g} s of audio for one sentence"
                    raise EngineError(f"speech synthesis produced {too_much}; the rest of it is left out")
                if tap is not None:
                    tap(samples, piece.sample_rate)
                for packet in encoder.encode(samples, piece.sample_rate):
                    yield packet
                await asyncio.sleep(0)


async def _next_piece(pieces: AsyncGenerator[AudioPiece, None], patience_s: float | None) -> AudioPiece | None:
    try:
        async with asyncio.timeout(patience_s):
            return await anext(pieces, None)
    except TimeoutError as error:
        raise EngineError(f"speech synthesis produced no audio for {patience_s:g} s", retryable=True) from error


def why_not_spoken(fault: Exception) -> str:
    """Log why a sentence was not synthesised; return the reason that the client gets."""
    if isinstance(fault, EngineError):
        log.warning("a sentence was not spoken: %s", fault)
        return str(fault)
    log.error("unexpected error in speech synthesis", exc_info=fault)
    return INTERNAL_MSG


def synthesis_options(output: OutputAudio) -> SynthesisOptions:
    """The synthesis options of an ``output_audio``."""
    emotion = output.emotion_config
    return SynthesisOptions(
        voice_id=output.voice_id or "",
        speech_rate=output.speech_rate,
        emotion=emotion.emotion if emotion else "",
        emotion_scale=emotion.emotion_scale if emotion else 4.0,
        context_texts=output.context_texts,
    )
