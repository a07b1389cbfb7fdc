"""Transcribes a client's audio live: final text by segments, and interim text of the segment in progress."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples, float_from_int16, int16_from_float
from kouyu.audio.timeline import AudioTimeline
from kouyu.audio_sessions.segments import Segment, Segmenter, SegmentRules
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.conversation.speech_detector import samples_in
from kouyu.domain.configuration import InputAudio
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.windows import quietest
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.vad.detector import Judgement
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.serving.uplink_decoder import UplinkDecoder
from kouyu.text.joining import appended

log = logging.getLogger(__name__)

_JUDGED_AT_ONCE: Final = 5 * SPEECH_RATE
_KEPT_S: Final = 60.0
"""Seconds of audio kept: more than the longest segment and what VAD takes at once."""
_WAITING_S: Final = 600
"""Most speech that waits for recognition, in seconds (19 MB). Beyond that reading pauses, which slows the client down;
its pings wait too then, and clients that send pings give up after 20 s."""
_WAITING: Final = 4096
"""Most segments and ends of buffers that wait."""


class TranscriberReport(Protocol):
    """Receives the transcripts. Each call is awaited before the next."""

    async def interim(self, text: str) -> None:
        """Report the interim text: the whole buffer so far, its last part still uncertain."""
        ...

    async def settled(self, piece: str, text: str, language: str) -> None:
        """Report final text: ``piece`` ("" if nothing was recognised), and ``text``, the whole that ends with it."""
        ...

    async def failed(self, why: str) -> None:
        """Report that a part of the buffer could not be recognised."""
        ...

    async def ended(self, text: str) -> None:
        """Report that a completed buffer has been recognised to its end."""
        ...


@dataclass(slots=True)
class _Buffer:
    """The audio and text between one ``complete`` or ``clear`` and the next."""

    text: str = ""
    """Its final text so far."""
    cleared: bool = False


class _Spoken(msgspec.Struct, frozen=True):
    buffer: _Buffer
    audio: NDArray[np.int16]
    """16-bit samples: half the memory of the timeline's."""


class _Ended(msgspec.Struct, frozen=True):
    buffer: _Buffer


class LiveTranscriber:
    """Transcribes one connection: its reader calls ``hear``, ``complete`` and ``clear``; ``work`` runs beside it."""

    def __init__(
        self,
        services: RecognitionServices,
        report: TranscriberReport,
        *,
        rules: SegmentRules,
        how: TranscriptionRequest,
        live: bool = True,
    ) -> None:
        """``live``: report interim texts."""
        self.how = how
        self.live = live
        self._services = services
        self._report = report
        self._rules = rules
        self._decoder = UplinkDecoder(InputAudio())
        self._voice_activity = services.voice_activity.open()
        self._timeline = AudioTimeline(_KEPT_S)
        self._segmenter = Segmenter(rules)
        self._buffer = _Buffer()
        self._waiting: asyncio.Queue[_Spoken | _Ended] = asyncio.Queue(_WAITING)
        self._waiting_samples = 0
        self._taken = asyncio.Event()
        self._unsettled = 0
        self._grown = asyncio.Event()
        self._asked_end = 0
        self._interim: asyncio.Task[tuple[str, str]] | None = None

    def use_format(self, input_audio: InputAudio) -> None:
        """Set the format of the audio from the next append on."""
        self._decoder.use_format(input_audio)

    async def hear(self, delta: bytes) -> None:
        """Take the next bytes. Raises ProtocolError if they do not decode, EngineError if VAD fails."""
        async for samples in self._decoder.decoded(delta):
            self._services.count_audio(len(samples) / SPEECH_RATE)
            await self._judge(samples)

    async def complete(self) -> None:
        """End the buffer; ``ended`` is reported once all of it has been recognised. The next audio starts a new one."""
        await self._judge(self._decoder.complete())
        await self._advance(await self._voice_activity.flush())
        segment = self._segmenter.finish()
        if segment is not None:
            await self._close(segment)
        await self._waiting.put(_Ended(self._buffer))
        self._buffer = _Buffer()

    async def clear(self) -> None:
        """Discard the buffer; nothing more is reported of it."""
        self._decoder.complete()
        await self._advance(await self._voice_activity.flush())
        self._buffer.cleared = True
        self._buffer = _Buffer()
        self._segmenter.forget()
        self._stop_interim()

    async def work(self) -> None:
        """Recognise until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle_all(), name="final transcripts")
            tasks.create_task(self._follow(), name="interim transcripts")

    def close(self) -> None:
        """Free the codec and the VAD stream."""
        self._voice_activity.close()
        self._decoder.close()

    # Audio

    async def _judge(self, samples: Samples) -> None:
        for start in range(0, len(samples), _JUDGED_AT_ONCE):
            piece = samples[start : start + _JUDGED_AT_ONCE]
            self._timeline.append(piece)
            await self._advance(await self._voice_activity.feed(piece))

    async def _advance(self, judgements: list[Judgement]) -> None:
        for judgement in judgements:
            segment = self._segmenter.feed(judgement.end, judgement.probability)
            if segment is None and self._segmenter.too_long:
                segment = self._segmenter.cut(self._quietest_place())
            if segment is not None:
                await self._close(segment)
        self._grown.set()

    def _quietest_place(self) -> int:
        """The sample at which to cut a segment without a pause: the quietest place in its last third."""
        opened = self._segmenter.open
        assert opened is not None
        earliest = opened.end - (opened.end - opened.start) // 3
        return earliest + quietest(self._timeline.slice(earliest, opened.end))

    async def _close(self, segment: Segment) -> None:
        self._stop_interim()
        self._unsettled += 1
        audio = int16_from_float(self._timeline.slice(segment.start, segment.end))
        self._waiting_samples += len(audio)
        await self._waiting.put(_Spoken(self._buffer, audio))
        while self._waiting_samples > _WAITING_S * SPEECH_RATE:
            self._taken.clear()
            await self._taken.wait()

    # Finals

    async def _settle_all(self) -> None:
        while True:
            match await self._waiting.get():
                case _Spoken(buffer=buffer, audio=audio):
                    self._waiting_samples -= len(audio)
                    self._taken.set()
                    if not buffer.cleared:
                        await self._settle(buffer, float_from_int16(audio))
                    self._unsettled -= 1
                    self._grown.set()
                case _Ended(buffer=buffer):
                    await self._report.ended(buffer.text)

    async def _settle(self, buffer: _Buffer, audio: Samples) -> None:
        # An upload faster than real time has low priority, so that it does not delay live speech.
        priority = Priority.FINAL if self._unsettled == 1 else Priority.BATCH
        try:
            piece, language = await self._services.transcriber.transcribed(audio, self.how, priority, final=True)
        except EngineError as error:
            log.warning("a transcript failed: %s", error)
            await self._report.failed(str(error))
            return
        if not buffer.cleared:
            buffer.text = appended(buffer.text, piece)
            await self._report.settled(piece, buffer.text, language)

    # Interim transcripts

    async def _follow(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            segment = self._segmenter.open
            if segment is None or self._unsettled or not self.live or not self._has_news(segment):
                continue
            self._asked_end = segment.end
            await self._tell_interim(self._buffer, self._timeline.slice(segment.start, segment.end))

    def _has_news(self, segment: Segment) -> bool:
        return segment.end - max(self._asked_end, segment.start) >= samples_in(self._services.interim_interval_ms)

    async def _tell_interim(self, buffer: _Buffer, audio: Samples) -> None:
        work = self._services.transcriber.transcribed(audio, self.how, Priority.INTERIM, final=False)
        task = self._interim = asyncio.create_task(work, name="interim transcript")
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task})
            self._interim = None
        if task.cancelled():
            return
        if isinstance(fault := task.exception(), EngineError):
            log.warning("an interim transcript failed: %s", fault)
            return
        text, _ = task.result()
        if text and buffer is self._buffer and not self._unsettled:
            await self._report.interim(appended(buffer.text, text))

    def _stop_interim(self) -> None:
        """Cancel the interim recognition in progress; its starter awaits its end."""
        if self._interim is not None:
            self._interim.cancel()
