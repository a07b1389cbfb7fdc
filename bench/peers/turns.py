"""The turns that are measured: the same for every server."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import Final

import msgspec
from websockets.exceptions import ConnectionClosed

from bench.peers.peer import AUDIO, FORGOTTEN, STOP, TRANSCRIPT, Server, Talk
from kouyu.bench.microphone import Microphone
from kouyu.bench.received import ConnectionLost, Received, is_type
from kouyu.bench.spoken_question import SpokenQuestion, long_announcement
from kouyu.bench.turn import Turn
from kouyu.domain.speech_rate import SPEECH_RATE

PATIENCE_S: Final = 30.0
"""A turn without audio this many seconds after its question counts as unanswered."""
WARM_UP_TURNS: Final = 2
"""Turns at the start of each mode that are not counted."""
_LISTENING_S: Final = 1.0
_SETTLE_S: Final = 1.0


class Live(msgspec.Struct, frozen=True):
    """A conversation whose microphone is open."""

    talk: Talk
    received: Received
    microphone: Microphone


@asynccontextmanager
async def live(server: Server, *, announcing: bool = False) -> AsyncIterator[Live]:
    """Open a conversation with an open microphone. Raises ConnectionLost if it ends before the block."""
    async with server.talk(announcing=announcing) as talk:
        opened = Live(talk, Received(talk), Microphone(talk))
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(opened.received.run()),
                    tasks.create_task(opened.microphone.stay_open()),
                ]
                yield opened
                for task in background:
                    task.cancel()
        except* (ConnectionLost, ConnectionClosed) as lost:
            raise ConnectionLost(str(lost.exceptions[0])) from None


async def free(opened: Live, question: SpokenQuestion) -> Turn:
    """From the last sample of speech to the first audio."""
    since = opened.received.position
    ended = await opened.microphone.say(question.samples) + question.speech_end / SPEECH_RATE
    audio = await opened.received.wait(is_type(AUDIO), since=since, seconds=PATIENCE_S)
    if audio is None:
        return Turn(question=question.name, measures={}, outcome="unanswered", heard=_heard(opened, since))
    await opened.received.wait(is_type(TRANSCRIPT), since=since, seconds=PATIENCE_S)
    heard = _heard(opened, since)
    return Turn(
        question=question.name,
        measures={"first audio": (audio.at - ended) * 1000},
        outcome="counted" if question.understood(heard) else "misheard",
        heard=heard,
    )


async def barge(opened: Live, question: SpokenQuestion) -> Turn:
    """From the first sample of speech into a long announcement to being told to stop playing."""
    since = opened.received.position
    await opened.talk.announce(long_announcement(question.language))
    if await opened.received.wait(is_type(AUDIO), since=since, seconds=PATIENCE_S) is None:
        return Turn(question=question.name, measures={}, outcome="unanswered")
    await asyncio.sleep(_LISTENING_S + random.random())
    since = opened.received.position
    began = await opened.microphone.say(question.samples) + question.speech_start / SPEECH_RATE
    stop = await opened.received.wait(is_type(STOP), since=since, seconds=PATIENCE_S)
    if stop is None:
        return Turn(question=question.name, measures={}, outcome="unanswered")
    await asyncio.sleep(began + len(question.samples) / SPEECH_RATE - asyncio.get_running_loop().time())
    # The answer to what was said is waited for; before that, more of the announcement may have been under way.
    await opened.received.wait(is_type(AUDIO), since=opened.received.position, seconds=PATIENCE_S)
    return Turn(question=question.name, measures={"stop": (stop.at - began) * 1000}, outcome="counted")


async def settle(opened: Live) -> None:
    """End what is being said, forget the conversation, and let a moment of silence pass."""
    since = opened.received.position
    await opened.talk.forget()
    await opened.received.wait(is_type(FORGOTTEN), since=since, seconds=PATIENCE_S)
    # Random by some ms, so that questions do not always begin at the same position in a frame or chunk.
    await asyncio.sleep(_SETTLE_S + random.random() / 20)


MODES: Final[Mapping[str, Callable[[Live, SpokenQuestion], Awaitable[Turn]]]] = {"free": free, "barge": barge}


async def measure(
    server: Server, questions: Sequence[SpokenQuestion], counts: Mapping[str, int]
) -> dict[str, list[Turn]]:
    """Turns by mode, as many as ``counts`` says. Raises ConnectionLost, OSError."""
    measured: dict[str, list[Turn]] = {}
    for mode, count in counts.items():
        if count:
            async with live(server, announcing=mode == "barge") as opened:
                turns = []
                for question in islice(cycle(questions), WARM_UP_TURNS + count):
                    turns.append(await MODES[mode](opened, question))
                    await settle(opened)
            measured[mode] = turns[WARM_UP_TURNS:]
    return measured


def _heard(opened: Live, since: int) -> str:
    return " ".join(event.data.strip() for event in opened.received.events(since) if event.type == TRANSCRIPT)
