"""Measures when the user's speech interrupts the agent, and how often the agent's own echo does.

    python -m evals.interruption               # both languages, some minutes
    python -m evals.interruption --language en

The benchmark's questions are said over a long announcement, at several places of a frame and of the announcement. The
audio takes the path of a session: voice activity, the echo guard, the rules of free talk. Echoes are made here: the
announcement after a delay, quieter, in a room with reverberation. Needs the weight sets silero-vad and kokoro.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
import soxr

from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.spoken_question import Language, long_announcement
from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import Sounding
from kouyu.conversation.endpointer import ECHO_COMES_BACK_MS
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.hibari import HibariSynthesizer
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.vad.silero import SileroVoiceActivity
from kouyu.session.echo_guard import EchoGuard
from kouyu.weights.cache import folder

FRAME: Final = SPEECH_RATE // 50
PACKET_MS: Final = 100
ROOM_DBFS: Final = -65.0
OFFSETS: Final = 8
"""Of a question's first sample in a frame and a chunk."""
STARTS_S: Final = (0.7, 2.1, 4.4)
"""Of a question in the announcement."""
ECHO_DELAY_MS: Final = 180
LATE_S: Final = 10
"""After this, somebody turns the loudspeaker up."""
ECHOES: Final = tuple((reverberation_s, decibels) for reverberation_s in (0.0, 0.2, 0.4) for decibels in (-6.0, -14.0))


async def interruptions(heard: Samples, played: Samples, *, guarded: bool, once: bool) -> list[int]:
    """The samples at which speech interrupts while ``played`` plays; with ``once`` the first one alone."""
    timeline = AudioTimeline(len(heard) / SPEECH_RATE + 1)
    guard = EchoGuard(timeline)
    guard.made(1, played, SPEECH_RATE)
    detector = VoiceActivityDetector(SileroVoiceActivity(folder("silero-vad")))
    stream = detector.open()
    speech, limits, found, over_echo_until, begun = SpeechDetector(), Limits(), [], 0, False
    sent = 0
    for at in range(0, len(heard), FRAME):
        now = (at + FRAME) / SPEECH_RATE
        while sent * PACKET_MS / 1000 < now:
            guard.sounding(Sounding(1, PACKET_MS, sent * PACKET_MS / 1000), sent * PACKET_MS / 1000)
            sent += 1
        timeline.append(heard[at : at + FRAME])
        guard.received(now)
        for judgement in await stream.feed(heard[at : at + FRAME]):
            judged = SpeechProbability(judgement.end, judgement.probability, judgement.levels)
            judged = guard.without_echo(judged) if guarded else judged
            if judged.echo:
                over_echo_until = judged.end + samples_in(ECHO_COMES_BACK_MS)
            speech.feed(judged.end, judged.probability, judged.levels)
            needed = BargeIn(limits, None, over_echo=judged.end < over_echo_until).onset_ms
            interrupts = speech.in_speech and speech.speech_ms >= needed
            if interrupts and not begun:
                found.append(at + FRAME)
            begun = interrupts or (begun and speech.in_speech)
        if found and once:
            break
    stream.close()
    await detector.close()
    return found


def in_a_room(samples: Samples, reverberation_s: float, decibels: float) -> Samples:
    """The sound after ECHO_DELAY_MS, quieter, in a room whose sound falls by 60 dB in ``reverberation_s``."""
    delay = np.zeros(int(ECHO_DELAY_MS * SPEECH_RATE / 1000), np.float32)
    response = np.ones(1)
    if reverberation_s:
        times = np.arange(int(reverberation_s * SPEECH_RATE)) / SPEECH_RATE
        tail = np.random.default_rng(3).normal(0, 1, len(times)) * 10 ** (-3 * times / reverberation_s)
        response = np.concatenate(([1.0], 0.5 * tail / np.sqrt((tail**2).sum())))
    size = 1 << (len(samples) + len(response)).bit_length()
    echo = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[: len(samples)]
    return np.concatenate((delay, echo.astype(np.float32))) * np.float32(10 ** (decibels / 20))


def quiet_room(samples: int, seed: int) -> Samples:
    """Its noise."""
    return np.random.default_rng(seed).normal(0, 10 ** (ROOM_DBFS / 20), samples).astype(np.float32)


async def announcement(synthesizer: SpeechSynthesizer, language: Language) -> Samples:
    """A long announcement in the voice that the server has by default."""
    voice = next(voice for voice in synthesizer.voices() if language in voice.languages)
    options, pieces = SynthesisOptions(voice_id=voice.voice_id), []
    for sentence in long_announcement(language).replace("。", "。\n").replace(". ", ".\n").split("\n"):
        made = synthesizer.synthesize(sentence, options, Priority.FINAL)
        pieces += [soxr.resample(piece.samples, piece.sample_rate, SPEECH_RATE) async for piece in made]
    return np.concatenate(pieces).astype(np.float32)


async def users_table(played: Samples, language: Language) -> None:
    """Print after how much of the user's speech the agent is interrupted, where no echo comes back."""
    print(f"\n{language}: ms from the first sample of speech to the interruption; no echo")
    for guarded in (False, True):
        waits = []
        for question in spoken_questions(language):
            for start_s in STARTS_S:
                for offset in range(OFFSETS):
                    begin = int(start_s * SPEECH_RATE) + offset * 71
                    heard = quiet_room(begin + len(question.samples), offset)
                    heard[begin:] += question.samples
                    found = await interruptions(heard, played, guarded=guarded, once=True)
                    first = begin + question.speech_start
                    waits.append((found[0] - first) * 1000 / SPEECH_RATE if found else np.inf)
        never = sum(np.isinf(waits))
        figures = f"median {np.median(waits):.0f}, p90 {np.quantile(waits, 0.9):.0f}, worst {max(waits):.0f}"
        which = "with" if guarded else "without"
        print(f"  {which} the echo guard: {figures}, never {never} of {len(waits)}", flush=True)


async def echoes_table(played: Samples, language: Language) -> None:
    """Print how often the agent's echo interrupts it."""
    print(f"\n{language}: interruptions by the agent's own echo, in {len(played) / SPEECH_RATE:.0f} s")
    for reverberation_s, decibels in ECHOES:
        echo = in_a_room(played, reverberation_s, decibels)
        heard = quiet_room(len(echo), 5) + echo
        late = heard.copy()
        late[: LATE_S * SPEECH_RATE] = quiet_room(LATE_S * SPEECH_RATE, 6)
        counts = [len(await interruptions(sound, played, guarded=True, once=False)) for sound in (heard, late)]
        room = f"reverberation {reverberation_s:.1f} s, {decibels:.0f} dB"
        print(f"  {room}: {counts[0]}; with the echo from {LATE_S} s on: {counts[1]}", flush=True)


async def measure(languages: Sequence[Language]) -> None:
    """Print both tables for each language."""
    scheduler = Scheduler(workers=1)
    for language in languages:
        synthesizer: SpeechSynthesizer = (
            await HibariSynthesizer.load(scheduler)
            if language == "en"
            else await KokoroSynthesizer.load(scheduler, folder("kokoro"), voices=folder("kokoro-voices"))
        )
        played = await announcement(synthesizer, language)
        await users_table(played, language)
        await echoes_table(played, language)
    await scheduler.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=("en", "zh"))
    chosen = parser.parse_args().language
    asyncio.run(measure((chosen,) if chosen else ("en", "zh")))
