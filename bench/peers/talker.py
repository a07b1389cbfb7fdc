"""One of many simultaneous people: asks a question, listens to the end of the answer, pauses, asks again."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from bench.peers.peer import AUDIO
from bench.peers.turns import Live
from kouyu.bench.received import is_type
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.domain.speech_rate import SPEECH_RATE

ANSWER_S: Final = 15.0
"""A question without audio for so long is unanswered."""
PAUSE_S: Final = 1.5
"""Between the last sample that was played and the next question."""
_LONGEST_ANSWER_S: Final = 30.0
_LOOK_S: Final = 0.05


class Answers:
    """What all talkers have got since the last look."""

    def __init__(self) -> None:
        self.after_ms: list[float] = []
        """From the end of each question's speech to the first audio."""
        self.unanswered = 0

    def take(self) -> "Answers":
        """What has come since the last time."""
        taken = Answers()
        taken.after_ms, taken.unanswered = self.after_ms, self.unanswered
        self.after_ms, self.unanswered = [], 0
        return taken


async def talk(live: Live, questions: Sequence[SpokenQuestion], answers: Answers, choice: random.Random) -> None:
    """Talk until cancelled."""
    await asyncio.sleep(choice.random() * 4)  # else all would ask at the same time
    while True:
        question = choice.choice(questions)
        said = await live.microphone.say(question.samples[: question.speech_end])
        ended = said + question.speech_end / SPEECH_RATE
        await asyncio.sleep(ended - asyncio.get_running_loop().time())
        since = live.received.position
        first = await live.received.wait(is_type(AUDIO), since=since, seconds=ANSWER_S)
        if first is None:
            answers.unanswered += 1
            continue
        answers.after_ms.append((first.at - ended) * 1000)
        await _hear_out(live, since)


async def _hear_out(live: Live, since: int) -> None:
    """Wait until what has come has been played, and for a pause; servers send it at their own speed."""
    clock = asyncio.get_running_loop().time
    latest = clock() + _LONGEST_ANSWER_S
    played = 0.0
    while clock() < min(latest, played + PAUSE_S) or not played:
        for event in live.received.events(since):
            if event.type == AUDIO:
                played = max(played, event.at) + event.data / 1000
        since = live.received.position
        await asyncio.sleep(_LOOK_S)
