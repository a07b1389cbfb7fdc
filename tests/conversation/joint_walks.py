"""Seeded walks through the conversation core, dense in rare moments: short steps, engines that are late or fail.

After a change of the core that moves the walks: ``python -m tests.conversation.joint_walks 10000`` runs so many, and
prints the rows for docs/architecture.md and the seeds for WALKS.
"""

import sys
from collections.abc import Callable
from itertools import groupby
from random import Random
from typing import Any, Final

from kouyu.conversation.inputs import ClientLeft, PressureChanged
from kouyu.conversation.limits import Limits
from kouyu.domain.requests import Announce, ClearBuffer, StartSection
from tests.conversation.joint_states import Change, Joint, WatchedSimulation
from tests.conversation.random_users import OPTIONS, Do, free, pushed, semantic
from tests.conversation.simulation import Simulation
from tests.conversation.test_random_histories import Answer, RandomEngines, Synthesis, Transcription

_DELAYS = (0.0, 0.03, 0.2, 0.7, 3.0)
_SILENT: dict[str, Any] = {"event_subscriptions": ["chat.updated"]}
_UPDATES: tuple[dict[str, Any], ...] = (
    free,
    pushed,
    pushed,
    semantic,
    {"need_play_prologue": True},
    {"need_play_prologue": True, "prologue_content": "Good morning to you. How are you?"},
    {"chat_config": {"user_id": "ada"}},
    {"turn_detection": {"interrupt_config": {"mode": "keyword_contains", "keywords": ["扣子"]}}},
    {"turn_detection": {"silence_duration_ms": 1200}},
    {"input_audio": {"format": "pcm", "sample_rate": 16000}},
    {"input_audio": {"format": "pcm", "sample_rate": 24000}},
    _SILENT,
    {"event_subscriptions": []},
)


WALKS: Final = (
    59,
    222,
    242,
    310,
    351,
    557,
    631,
    678,
    684,
    728,
    932,
    956,
    981,
    1307,
    1341,
    1457,
    1461,
    1582,
    1629,
    2058,
    2069,
    2197,
    2225,
    2519,
    2607,
    2902,
    2960,
    3067,
    3106,
    3173,
    3251,
    3252,
    3754,
    3762,
    4205,
    4513,
    4656,
    6458,
    7017,
    7090,
    7340,
    7357,
    7386,
    7541,
    7616,
    8257,
    8433,
    8742,
    8841,
    9371,
    9555,
    10044,
    10332,
    10399,
    10776,
    11023,
    11288,
    11353,
    11393,
    11733,
    12319,
)
"""Seeds of walks that together reach every row of the page."""


def _engines(draw: Random) -> RandomEngines:
    transcriptions = [
        Transcription(draw.choice((*_DELAYS, None)), draw.choice(("What now?", "What else?", "扣子", "um", "", None)))
        for _ in range(4)
    ]
    answers = [
        Answer(
            draw.choice(_DELAYS),
            tuple(draw.choices(("One, two, three. ", "And six. ", "Go", ""), k=draw.randrange(4))),
            draw.choice((0.0, 0.05, 1.0)),
            None,
            draw.choice(("finishes", "finishes", "asks", "asks", "fails", "asks for nothing", "falls silent")),
        )
        for _ in range(4)
    ]
    syntheses = [
        Synthesis(
            draw.choice(_DELAYS),
            tuple(draw.choices((200.0, 26.122, 3000.0), k=draw.randrange(4))),
            draw.choice(("finishes", "finishes", "fails", "falls silent")),
        )
        for _ in range(4)
    ]
    judgements = [(draw.choice((*_DELAYS, None)), draw.choice((0.0, 0.5, 1.0))) for _ in range(4)]
    return RandomEngines(transcriptions, answers, syntheses, judgements, leaving_s=draw.choice((0.0, 0.3)))


def _step(draw: Random) -> Callable[[Simulation], object]:
    upload = draw.choice((64, 300, 1000)), draw.choice((0.02, 0.95)), draw.choice((0.0, 0.005, 0.4))
    speech_ms, silence_ms, seconds = (
        draw.choice((96, 160, 400, 800)),
        draw.choice((64, 96, 256, 700, 1300)),
        draw.choice((0.0, 0.1, 1.0, 5.0, 30.0)),
    )
    submitted = draw.choice(("right", "right", "too few"))
    update, options = draw.choice(_UPDATES), draw.choice(OPTIONS)
    asking = draw.choice(("answer_now", "complete_quietly", "commit_and_ask"))
    steps: tuple[Callable[[Simulation], object], ...] = (
        *(lambda talk: talk.speak(speech_ms),) * 3,
        *(lambda talk: talk.silence(silence_ms),) * 3,
        *(lambda talk: talk.complete(),) * 3,
        *(lambda talk: talk.upload(upload[0], upload[1], chunk_s=upload[2]),) * 2,
        *(lambda talk: talk.write("A typed question."),) * 2,
        *(lambda talk: talk.wait(seconds),) * 2,
        lambda talk: Do("stall", (1536,))(talk),
        lambda talk: talk.give(ClearBuffer()),
        lambda talk: talk.cancel(),
        lambda talk: talk.give(Announce("Are you there? Hello.")),
        lambda talk: talk.give(StartSection()),
        lambda talk: Do("insert")(talk),
        lambda talk: Do("open")(talk),
        *(lambda talk: Do("submit", (submitted,))(talk),) * 2,
        lambda talk: talk.give(PressureChanged(speech_ms > 300)),
        *(lambda talk: Do(asking)(talk),) * 2,
        lambda talk: Do("report", (500,))(talk),
        lambda talk: Do("remove", (1,))(talk),
        lambda talk: Do("use", (options,))(talk),
        *(lambda talk: talk.configure(**update),) * 2,
    )
    return draw.choice(steps)


def walk(seed: int) -> WatchedSimulation:
    """One connection from its first event until it hangs up."""
    draw = Random(seed)
    talk = WatchedSimulation(_engines(draw), Limits(speculation=draw.random() < 0.7))
    talk.configure(**draw.choice((free, pushed, semantic)))
    for _ in range(draw.randrange(6, 40)):
        _step(draw)(talk)
    if draw.random() < 0.5:
        talk.wait(200)
    talk.give(ClientLeft())
    return talk


def _print_page(walks: int) -> None:
    """The rows of docs/architecture.md that so many walks give, and seeds of walks that reach all of them together."""
    reached = {seed: talk.states | talk.changes for seed in range(walks) if (talk := walk(seed))}
    missing = set[Joint | Change]().union(*reached.values())
    changes = sorted(each for each in missing if isinstance(each, Change))
    for (side, before, after), causes in groupby(changes, key=lambda change: change[:3]):
        print(f"| {side} | `{before}` | `{after}` | {', '.join(f'`{each.cause}`' for each in causes)} |")
    seeds: list[int] = []
    while missing:
        seeds.append(max(reached, key=lambda seed: len(reached[seed] & missing)))
        missing -= reached[seeds[-1]]
    print("WALKS:", sorted(seeds))


if __name__ == "__main__":
    _print_page(int(sys.argv[1]))
