"""Measures what noise suppression (enable_ans) and voiceprint denoising (enable_pdns) do for turns and transcripts.

    python -m evals.noise                 # everything, some minutes
    python -m evals.noise --no-words      # turns alone, without recognition
    python -m evals.noise --people        # voiceprint denoising alone, on recordings of people

The audio takes the same path as in a session: noise suppression, voice activity, the speaker gate, the rules of free
talk, recognition. Needs the weight sets silero-vad, campplus, whisper-base, piper-joe and kokoro, and the extra
"piper".
"""

import argparse
import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from evals.noise_scenes import (
    LEARNING,
    LONG_PAUSE_S,
    SENTENCES,
    Said,
    Scene,
    Voices,
    alone,
    at_level,
    in_noise,
    others_at_once,
    others_in_turn,
    spoken,
)
from evals.voiceprint import ENCODERS, PROMPTS, open_encoder
from evals.voiceprint_people import people
from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.free_talk import FreeTalk
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Ended, Span, SpeechBegan
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.denoise.webrtc import WebRtcSuppressor
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.vad.silero import SileroVoiceActivity
from kouyu.engines.voiceprint.engine import Voiceprint
from kouyu.engines.voiceprint.onnx_encoder import OnnxSpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.session.noise_suppression import NoiseSuppression
from kouyu.session.target_speaker import TargetSpeaker
from kouyu.session.target_voice import EnrolledVoice, TargetVoice
from kouyu.weights.cache import folder

Processing = Literal["off", "ans", "pdns", "pdns, enrolled"]
PDNS: Final[tuple[Processing, ...]] = ("pdns", "pdns, enrolled")
RATIOS_DB: Final = (10, 5, 0)
FRAME: Final = SPEECH_RATE // 50
FREE_TALK: Final = TurnDetection(type="server_vad")
_NEAR: Final = samples_in(400)
"""A turn that begins so shortly before or after a sentence's own samples belongs to it."""


@dataclass
class Costs:
    """Seconds of processor time of each stage, over ``audio_s`` seconds of audio."""

    audio_s: float = 0.0
    suppression: float = 0.0
    voice_activity: float = 0.0
    voiceprints: float = 0.0
    comparisons: int = 0


class InlineEncoder:
    """The encoder on the calling thread, with what it costs."""

    def __init__(self, encoder: OnnxSpeakerEncoder, costs: Costs) -> None:
        self.model, self.calibration = encoder.model, encoder.calibration
        self._encoder = encoder
        self._costs = costs

    async def encode(self, speech: Samples, priority: Priority = Priority.FINAL) -> Voiceprint:
        """As the encoder inside."""
        begin = time.thread_time()
        made = self._encoder.voiceprint(speech)
        self._costs.voiceprints += time.thread_time() - begin
        self._costs.comparisons += 1
        return made

    async def close(self) -> None:
        """Nothing to free."""


@dataclass
class Turns:
    """Free talk behind the gate: where turns begin and what they are made of."""

    barge_in: bool
    detector: SpeechDetector = field(default_factory=SpeechDetector)
    begun: list[tuple[int, int]] = field(default_factory=list)
    """Of each turn: its first sample of speech, and how much audio had come in when it was taken up."""
    ended: list[Span] = field(default_factory=list)
    received: int = 0

    def __post_init__(self) -> None:
        self._limits = Limits()
        self._talk = FreeTalk(self.detector, self._limits)

    def take(self, judged: SpeechProbability) -> None:
        """What comes out of the gate."""
        self.detector.feed(judged.end, judged.probability, judged.levels)
        onset_ms = self._limits.barge_in_ms if self.barge_in else self._limits.speech_start_ms
        for moment in self._talk.on_judged(FREE_TALK, onset_ms):
            match moment:
                case SpeechBegan():
                    self.begun.append((self.detector.speech_start, self.received))
                case Ended(Span() as span):
                    self.ended.append(span)
                case _:
                    pass

    def of(self, one: Said) -> list[tuple[int, int]]:
        """The turns that began with this sentence."""
        return [begun for begun in self.begun if one.start - _NEAR <= begun[0] < one.end + _NEAR]


@dataclass(frozen=True)
class Heard:
    """What a scene became."""

    turns: Turns
    timeline: AudioTimeline


@dataclass
class Bench:
    """The engines, and what they have cost so far."""

    scheduler: Scheduler
    recognizer: WhisperRecognizer | None
    encoder: str = "campplus"
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        self._suppressor = WebRtcSuppressor()
        self._vad = SileroVoiceActivity(folder("silero-vad"))
        self._encoder = InlineEncoder(open_encoder(self.encoder), self.costs)

    async def hear(self, scene: Scene, processing: Processing, voices: Voices, *, barge_in: bool = False) -> Heard:
        """Let a scene go through all stages, 20 ms at a time."""
        timeline, turns = AudioTimeline(len(scene.audio) / SPEECH_RATE + 1), Turns(barge_in)
        suppression = NoiseSuppression(self._suppressor)
        detector = VoiceActivityDetector(self._vad)
        stream = detector.open()
        target = None
        if processing.startswith("pdns"):
            voice = TargetVoice(self._encoder, await self._enrolled(scene, processing, voices))
            target = TargetSpeaker(voice, timeline=timeline, position=0, report=turns.take)
        for at in range(0, len(scene.audio), FRAME):
            begin = time.thread_time()
            cleaned = suppression.clean(scene.audio[at : at + FRAME], enabled=processing != "off")
            self.costs.suppression += time.thread_time() - begin
            timeline.append(cleaned)
            turns.received = timeline.end
            for judgement in await stream.feed(cleaned):
                judged = SpeechProbability(judgement.end, judgement.probability, judgement.levels)
                if target is None:
                    turns.take(judged)
                else:
                    await target.judge(judged)
        self.costs.audio_s += len(scene.audio) / SPEECH_RATE
        stream.close()
        await detector.close()
        return Heard(turns, timeline)

    async def _enrolled(self, scene: Scene, processing: Processing, voices: Voices) -> EnrolledVoice | None:
        if processing == "pdns":
            return None
        speech = np.concatenate([sound for _, sound in voices[scene.target][:LEARNING]])
        return EnrolledVoice(await self._encoder.encode(speech), len(speech) / SPEECH_RATE)

    async def word_errors(self, scene: Scene, heard: Heard) -> float:
        """Words that are wrong, missing or too many in the turns of the target's sentences, by the words said."""
        if self.recognizer is None:
            return float("nan")
        wrong = said = 0
        for one in scene.by_target:
            spans = [span for span in heard.turns.ended if span.start < one.end and span.end > one.start]
            texts = [await self._recognize(heard.timeline.slice(span.start, span.end)) for span in spans]
            words = _words(one.text)
            wrong += _distance(words, _words(" ".join(texts)))
            said += len(words)
        return wrong / said

    async def _recognize(self, audio: Samples) -> str:
        assert self.recognizer is not None
        return (await self.recognizer.recognize(audio, RecognitionOptions(language="en"), Priority.FINAL)).text


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter.isspace() else "" for letter in text.casefold()).split()


def _distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, delete or replace."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        before, row[0] = row[0], index
        for place, other in enumerate(heard, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def _strays(scene: Scene, turns: Turns) -> int:
    """Turns that began without a spoken sentence."""
    return len(turns.begun) - sum(len(turns.of(one)) for one in scene.said)


def _found(sentences: Iterable[Said], turns: Turns) -> str:
    each = [bool(turns.of(one)) for one in sentences]
    return f"{sum(each)} of {len(each)}"


def _delay_ms(scene: Scene, turns: Turns) -> float:
    """The median from the first speech of the target's sentences until their turns were taken up."""
    firsts = [turns.of(one)[0] for one in scene.by_target if turns.of(one)]
    return float(np.median([(taken - start) * 1000 / SPEECH_RATE for start, taken in firsts])) if firsts else 0.0


async def noise_table(bench: Bench, voices: Voices, target: str) -> None:
    """Print false turns and word errors in noise without other voices."""
    print("\nnoise       dB  processing      turns heard  false starts  word errors")
    quiet = alone(voices, target)
    scenes = [
        ("none", 0, quiet),
        *((k, r, in_noise(quiet, k, r)) for k in ("white", "pink", "keyboard") for r in RATIOS_DB),
    ]
    for kind, ratio, scene in scenes:
        for processing in ("off", "ans"):
            heard = await bench.hear(scene, processing, voices)
            words = await bench.word_errors(scene, heard)
            strays = _strays(scene, heard.turns)
            found = _found(scene.by_target, heard.turns)
            print(f"{kind:<10} {ratio:3}  {processing:15} {found:>11} {strays:13} {words:12.3f}", flush=True)


async def in_turn_table(bench: Bench, voices: Voices, target: str) -> None:
    """Others speak in the target's pauses: whose turns begin, and who interrupts."""
    print(f"\nothers in turn, target {target}")
    print(" dB  processing      begin a turn  interrupt  target heard  begun after  interrupts after  word errors")
    for ratio in RATIOS_DB:
        scene = others_in_turn(voices, target, ratio)
        for processing in ("off", "ans", "pdns", "pdns, enrolled"):
            heard = await bench.hear(scene, processing, voices)
            over = await bench.hear(scene, processing, voices, barge_in=True)
            words = await bench.word_errors(scene, heard)
            begin, cut = _found(scene.by_others, heard.turns), _found(scene.by_others, over.turns)
            found = _found(scene.by_target, heard.turns)
            delays = f"{_delay_ms(scene, heard.turns):8.0f} ms {_delay_ms(scene, over.turns):14.0f} ms"
            print(f"{ratio:3}  {processing:15} {begin:>12} {cut:>10} {found:>13} {delays} {words:12.3f}", flush=True)


async def at_once_table(bench: Bench, voices: Voices, target: str) -> None:
    """Somebody else talks all the time."""
    print(f"\nsomebody else all the time, target {target}")
    print(" dB  processing      turns begun  of them the target's  word errors")
    for ratio in RATIOS_DB:
        scene = others_at_once(voices, target, ratio)
        for processing in ("off", "ans", "pdns", "pdns, enrolled"):
            heard = await bench.hear(scene, processing, voices)
            words = await bench.word_errors(scene, heard)
            since = scene.by_target[0].start - samples_in(LONG_PAUSE_S / 2 * 1000) - _NEAR
            begun = [start for start, _ in heard.turns.begun if start >= since]
            found = _found(scene.by_target, heard.turns)
            print(f"{ratio:3}  {processing:15} {len(begun):11} {found:>21} {words:12.3f}", flush=True)


def people_talking(count: int) -> Voices:
    """``count`` prompts of 2 to 5 s of each person and language, at the level of the other scenes."""
    found: dict[str, list[tuple[str, Samples]]] = {}
    for speaker in people(PROMPTS * 4):
        for language, sounds in speaker.utterances.items():
            fitting = [speech_only(sound) for sound in sounds if 2 <= len(sound) / SPEECH_RATE <= 5]
            found[f"{speaker.voice} {language}"] = [("", at_level(sound)) for sound in fitting[:count]]
    return found


async def people_table(bench: Bench, voices: Voices) -> None:
    """People speak in turn, each of them once the target: whose sentences begin a turn."""
    print("\npeople in turn, equally loud")
    print(f"{'target':14} {'processing':15} others begin a turn  target heard  begun after")
    for target in voices:
        # One woman speaks two of the languages: whoever is the target, nobody else speaks with the same voice.
        others = {voice: said for voice, said in voices.items() if voice == target or voice[:8] != target[:8]}
        scene = others_in_turn(others, target, 0)
        for processing in PDNS:
            heard = await bench.hear(scene, processing, others)
            begin, found = _found(scene.by_others, heard.turns), _found(scene.by_target, heard.turns)
            delay = _delay_ms(scene, heard.turns)
            print(f"{target:14} {processing:15} {begin:>19} {found:>13} {delay:9.0f} ms", flush=True)


async def measure_people(count: int, encoder: str) -> None:
    """Print how well the speaker gate tells people apart."""
    scheduler = Scheduler(workers=1)
    await people_table(Bench(scheduler, None, encoder), people_talking(count))
    await scheduler.close()


async def measure(words: bool, count: int, encoder: str) -> None:
    """Make the scenes, process them, and print the results."""
    scheduler = Scheduler(workers=1)
    voices = await spoken(scheduler, count)
    recognizer = WhisperRecognizer(folder("whisper-base"), scheduler) if words else None
    bench = Bench(scheduler, recognizer, encoder)
    first, second = list(voices)[:2]
    await noise_table(bench, voices, first)
    await in_turn_table(bench, voices, first)
    await at_once_table(bench, voices, first)
    bench.recognizer = None
    await in_turn_table(bench, voices, second)
    costs = bench.costs
    print(
        f"\nprocessor time for a second of audio: noise suppression {costs.suppression / costs.audio_s * 1000:.2f} ms"
    )
    print(f"one comparison of voiceprints {costs.voiceprints / max(1, costs.comparisons) * 1000:.1f} ms")
    if recognizer is not None:
        await recognizer.close()
    await scheduler.close()


def main() -> None:
    """Run the benchmark and print what it found."""
    parser = argparse.ArgumentParser(description="What noise suppression and voiceprint denoising do.")
    parser.add_argument("--no-words", action="store_true", help="leave out recognition")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of each voice (%(default)s)")
    parser.add_argument("--people", action="store_true", help="the speaker gate on recordings of people, alone")
    parser.add_argument("--encoder", choices=sorted(ENCODERS), default="campplus")
    options = parser.parse_args()
    if options.people:
        asyncio.run(measure_people(options.sentences, options.encoder))
        return
    asyncio.run(measure(not options.no_words, options.sentences, options.encoder))


if __name__ == "__main__":
    main()
