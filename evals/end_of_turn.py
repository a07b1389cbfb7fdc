"""Measures end-of-turn detection: complete utterances against ones cut off in the middle of a phrase.

    python -m evals.end_of_turn            # the half of the sentences that nothing was tuned on
    python -m evals.end_of_turn --tune     # the other half too, and the weights fitted on it

Needs the weight sets smart-turn, piper-joe, kokoro and whisper-base, and the extra "piper". Takes some minutes,
nearly all of them speaking and recognising.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evals.end_of_turn_utterances import LANGUAGES, Utterance, halves, sentences, utterances
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.turn.judge import combined, log_odds
from kouyu.engines.turn.smart_turn import SmartTurn
from kouyu.engines.turn.text_completeness import text_completeness
from kouyu.weights.cache import folder

SILENCE_S: Final = 0.3
"""The default of semantic_vad_config.silence_threshold_ms: uplink.md, turn_detection."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """One utterance and each model's probability that it is complete."""

    utterance: Utterance
    heard: str
    audio: float
    heard_text: float
    true_text: float
    seconds: float
    """What the audio's vote took."""


VOTES: Final[dict[str, Callable[[Judged], float]]] = {
    "audio alone": lambda one: one.audio,
    "text alone, as recognised": lambda one: one.heard_text,
    "text alone, as said": lambda one: one.true_text,
    "both, text as recognised": lambda one: combined(one.audio, one.heard_text),
    "both, text as said": lambda one: combined(one.audio, one.true_text),
}


def area_under_curve(scores: Numbers, complete: NDArray[np.bool_]) -> float:
    """Return how often a complete utterance scores higher than a cut one; an equal score counts half."""
    differences = scores[complete][:, None] - scores[~complete][None, :]
    return float((differences > 0).mean() + (differences == 0).mean() / 2)


def accuracy(scores: Numbers, complete: NDArray[np.bool_]) -> float:
    """The mean of both rates of right decisions at 0.5, so that it is 0.5 for any constant."""
    return float(((scores[complete] >= 0.5).mean() + (scores[~complete] < 0.5).mean()) / 2)


def report(judged: Sequence[Judged]) -> Iterable[str]:
    """The table, line by line."""
    yield f"{'':30}" + "".join(f"{language:>17}" for language in LANGUAGES)
    yield f"{'':30}" + "      AUC accuracy" * len(LANGUAGES)
    for name, vote in VOTES.items():
        cells = ""
        for language in LANGUAGES:
            of_language = [one for one in judged if one.utterance.sentence.language == language]
            complete = np.array([one.utterance.complete for one in of_language])
            scores = np.array([vote(one) for one in of_language])
            cells += f"{area_under_curve(scores, complete):9.3f}{accuracy(scores, complete):9.3f}"
        yield f"{name:30}{cells}"
    times = [one.seconds * 1000 for one in judged]
    yield f"the audio's vote: median {np.median(times):.0f} ms, 95 % {np.percentile(times, 95):.0f} ms"


def weights(judged: Sequence[Judged], penalty: float = 1.0) -> Numbers:
    """Audio's weight, text's weight and the bias: logistic regression on the recognised texts, by Newton's method.

    ``penalty`` on the squares of the two weights keeps so few utterances from making them too sure.
    """
    votes = np.array([[log_odds(one.audio), log_odds(one.heard_text), 1.0] for one in judged])
    complete = np.array([one.utterance.complete for one in judged], float)
    penalties = np.diag([penalty, penalty, 0.0])
    found = np.zeros(3)
    for _ in range(30):
        probability = 1 / (1 + np.exp(-votes @ found))
        slope = votes.T @ (complete - probability) - penalties @ found
        curvature = (votes.T * (probability * (1 - probability))) @ votes + penalties
        found = found + np.linalg.solve(curvature, slope)
    return found


async def judge(tuning: bool, silence_s: float, seed: int) -> list[Judged]:
    """Speak, recognise and score one half of the sentences of every language."""
    scheduler = Scheduler(workers=1)
    recognizer = WhisperRecognizer(folder("whisper-base"), scheduler)
    model = await SmartTurn.load(scheduler, folder("smart-turn"))
    judged = []
    for language in LANGUAGES:
        half = halves(sentences(language))[0 if tuning else 1]
        async for utterance in utterances(language, half, scheduler, seed=seed):
            audio = utterance.with_silence(silence_s)
            begin = time.perf_counter()
            vote = model.judge(audio)
            seconds = time.perf_counter() - begin
            heard = await recognizer.recognize(audio, RecognitionOptions(), Priority.FINAL)
            judged.append(
                Judged(
                    utterance=utterance,
                    heard=heard.text,
                    audio=vote,
                    heard_text=text_completeness(heard.text, heard.language),
                    # Without its last mark, which would give the answer away.
                    true_text=text_completeness(utterance.text.rstrip("，,。.？?"), language),
                    seconds=seconds,
                )
            )
    await recognizer.close()
    await scheduler.close()
    return judged


def main() -> None:
    """Run the benchmark and print what it found."""
    parser = argparse.ArgumentParser(description="How well the end of a turn is judged.")
    parser.add_argument("--tune", action="store_true", help="also find the judge's weights, on the other half")
    parser.add_argument("--silence", type=float, default=SILENCE_S, help="seconds behind each utterance (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the English voice, which varies (%(default)s)")
    parser.add_argument("--each", action="store_true", help="also print each utterance")
    options = parser.parse_args()
    if options.tune:
        tuned = asyncio.run(judge(True, options.silence, options.seed))
        print("weights of audio and text, bias:", *(f"{weight:.2f}" for weight in weights(tuned)))
        print("on the sentences tuned on:", *report(tuned), "", sep="\n")
    judged = asyncio.run(judge(False, options.silence, options.seed))
    if options.each:
        for one in judged:
            kind = "complete" if one.utterance.complete else "cut"
            votes = f"{one.audio:.2f} {one.heard_text:.2f} {combined(one.audio, one.heard_text):.2f}"
            print(f"{kind:9}{votes}  {one.utterance.text} | {one.heard}")
    count = sum(not one.utterance.complete for one in judged)
    print(f"{len(judged) - count} complete and {count} cut utterances, {options.silence * 1000:.0f} ms of silence:")
    print(*report(judged), sep="\n")


if __name__ == "__main__":
    main()
