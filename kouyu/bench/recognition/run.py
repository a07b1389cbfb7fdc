"""Recognises recordings as a conversation does, and compares the transcripts with what was said.

Each recording is played into an open microphone in a quiet room. Voice activity and the rules of free talk find its
utterances; each is recognised, and its transcript finished as for a client with default settings. Left out are interim
transcripts, and with them a language that they have identified.
"""

import time
from typing import Final

import msgspec

from kouyu.audio.pcm import Samples, joined, silence
from kouyu.bench.microphone import Room
from kouyu.bench.recognition.recordings import Recording
from kouyu.bench.recognition.transcript_errors import Errors, formatted_errors, unformatted_errors
from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.utterance import Ended, Span
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.engine import RecognitionOptions, SpeechRecognizer
from kouyu.engines.scheduler import Priority
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.serving.transcribing import Transcriber, TranscriptionRequest
from kouyu.text.joining import appended
from kouyu.text.transcript import TranscriptFinisher

FREE_TALK: Final = TurnDetection(type="server_vad")
BEFORE_MS: Final = FREE_TALK.prefix_padding_ms + 100
"""Ms of the quiet room before a recording, of which an utterance takes the last ones."""
AFTER_MS: Final = FREE_TALK.silence_duration_ms + 700


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of one recording."""

    name: str
    said: str
    heard: str
    language: str
    """As the recogniser detected it, or was told; "" where no utterance was found."""
    seconds: float
    """Length of the recording."""
    processor_s: float
    """Processor time of its recognition, on all threads."""
    unformatted: Errors
    formatted: Errors


class RecognitionRun(msgspec.Struct, frozen=True, kw_only=True):
    """Recognises recordings one after the other, all in the same language."""

    recognizer: SpeechRecognizer
    voice_activity: VoiceActivityDetector
    language: str
    """ISO 639-1."""
    told: bool
    """Whether the recogniser is told the language. Otherwise it detects it."""
    accents: bool = True
    """Whether a wrong accent makes a word wrong."""
    transcripts: TranscriptFinisher = msgspec.field(default_factory=TranscriptFinisher)

    async def heard(self, recording: Recording) -> Heard:
        """Recognise one recording. Raises NoRecordings and EngineError."""
        samples = recording.samples()
        audio = in_a_quiet_room(samples)
        how = TranscriptionRequest(options=RecognitionOptions(language=self.language if self.told else None))
        transcriber = Transcriber(self.recognizer, self.transcripts)
        text, language, processor_s = "", "", 0.0
        for span in await self._utterances(audio):
            before = time.process_time()
            spoken = audio[span.start : span.end]
            piece, language = await transcriber.transcribed(spoken, how, Priority.FINAL, final=True)
            processor_s += time.process_time() - before
            text = appended(text, piece)
        return Heard(
            name=recording.name,
            said=recording.text,
            heard=text,
            language=language,
            seconds=len(samples) / SPEECH_RATE,
            processor_s=processor_s,
            unformatted=unformatted_errors(recording.text, text, self.language, accents=self.accents),
            formatted=formatted_errors(recording.text, text),
        )

    async def _utterances(self, audio: Samples) -> list[Span]:
        limits = Limits()
        endpointer = Endpointer(limits)
        stream = self.voice_activity.open()
        try:
            judgements = await stream.feed(audio)
        finally:
            stream.close()
        spans: list[Span] = []
        for judgement in judgements:
            now = judgement.end / SPEECH_RATE
            endpointer.on_audio(judgement.end, FREE_TALK, now)
            judged = SpeechProbability(judgement.end, judgement.probability, judgement.levels)
            events = endpointer.on_probability(judged, FREE_TALK, limits.speech_start_ms, now)
            spans += [event.span for event in events if isinstance(event, Ended) and event.span is not None]
        return spans


def in_a_quiet_room(samples: Samples) -> Samples:
    """``samples`` (mono, SPEECH_RATE) with a quiet room's noise under them, and before and after them."""
    before, after = silence(BEFORE_MS, SPEECH_RATE), silence(AFTER_MS, SPEECH_RATE)
    audio = joined([before, samples, after])
    return (audio + Room().noise(len(audio))).clip(-1.0, 1.0)
