"""The comparison with other servers: what is the same for all of them."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from bench.peers import compare, turns
from bench.peers.announcing_model import ANNOUNCE, announcing_model
from bench.peers.capacity_report import Held, Level
from bench.peers.language_model import PeersModel
from bench.peers.peer import AUDIO, FORGOTTEN, STOP, TRANSCRIPT, Talk
from bench.peers.peers import PEERS
from bench.peers.report import ComparisonReport, Side, summaries
from bench.peers.talker import Answers, talk
from bench.peers.turns import live, measure
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.bench.machine import this_machine
from kouyu.bench.received import is_type
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.statistics import summarise
from kouyu.bench.turn import Turn
from kouyu.client.voice_client import Event
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.standins.openai_server import Say, openai_stand_in

LOUD = 3000
QUIET_FRAMES = 3


class ParrotTalk:
    """Answers what it hears once it has been quiet for three frames, and stops when it hears something."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._quiet = QUIET_FRAMES
        self._speaking = False
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    async def send_audio(self, pcm: bytes) -> None:
        if np.abs(np.frombuffer(pcm, "<i2")).max() > LOUD:
            if self._speaking:
                self._tell(STOP)
            self._speaking, self._quiet = False, 0
            return
        self._quiet += 1
        if self._quiet == QUIET_FRAMES:
            self._tell(TRANSCRIPT, self._words)
            self._tell(AUDIO, 10.0)

    async def announce(self, text: str) -> None:
        self._speaking = True
        self._tell(AUDIO, 60_000.0)

    async def forget(self) -> None:
        self._speaking = False
        self._tell(FORGOTTEN)

    async def events(self) -> AsyncGenerator[Event, None]:
        while True:
            yield await self._events.get()

    def _tell(self, what: str, data: object = None) -> None:
        self._events.put_nowait(Event(asyncio.get_running_loop().time(), what, data))


class ParrotServer:
    def __init__(self, words: str = "What time is it?") -> None:
        self._words = words

    @asynccontextmanager
    async def talk(self, *, announcing: bool = False) -> AsyncIterator[Talk]:
        yield ParrotTalk(self._words)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WARM_UP_TURNS", "_SETTLE_S", "_LISTENING_S"):
        monkeypatch.setattr(turns, name, 0)


def question() -> SpokenQuestion:
    tone = 0.5 * np.sin(np.arange(SPEECH_RATE // 10) * 0.3)
    samples = np.concatenate((np.zeros(SPEECH_RATE // 50), tone, np.zeros(SPEECH_RATE // 5))).astype(np.float32)
    return SpokenQuestion("time", "en", "What time is it?", samples)


async def test_a_turn_of_free_talk_counts_from_the_last_sample_of_speech() -> None:
    measured = await measure(ParrotServer(), [question()], {"free": 1, "barge": 0})
    (turn,) = measured["free"]
    assert (turn.outcome, turn.heard) == ("counted", "What time is it?")
    assert turn.measures["first audio"] >= (QUIET_FRAMES - 1) * 20


async def test_a_turn_that_was_misheard_does_not_count() -> None:
    measured = await measure(ParrotServer("What dime was that?"), [question()], {"free": 1})
    assert [turn.outcome for turn in measured["free"]] == ["misheard"]
    assert summaries(measured) == {}


async def test_an_interruption_counts_from_the_first_sample_of_speech() -> None:
    measured = await measure(ParrotServer(), [question()], {"barge": 1})
    (turn,) = measured["barge"]
    assert turn.outcome == "counted"
    assert turn.measures["stop"] >= 0


async def test_a_talker_asks_again_after_the_answer_has_been_played() -> None:
    answers = Answers()
    async with live(ParrotServer()) as opened, asyncio.timeout(60):
        talking = asyncio.create_task(talk(opened, [question()], answers, random.Random(1)))
        for since in (0, 2):  # a transcript and audio each time
            await opened.received.wait(is_type(AUDIO), since=since, seconds=60)
        talking.cancel()
    played = [event.at for event in opened.received.events(0) if event.type == AUDIO]
    assert played[1] - played[0] > 1.5
    assert answers.unanswered == 0


async def test_the_announcer_says_what_it_is_told_and_passes_on_all_else() -> None:
    async with openai_stand_in(lambda _: Say("Paris.")) as other:
        endpoint = ModelEndpoint(base_url=other.base_url, model="tiny", body={"temperature": 0.5})
        examples = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
        asked = {"model": "tiny", "stream": True}
        async with announcing_model(PeersModel(endpoint, "Be brief.", examples)) as url, httpx.AsyncClient() as client:
            told = await client.post(
                f"{url}/chat/completions",
                json={**asked, "messages": [{"role": "user", "content": ANNOUNCE + "It goes on."}]},
            )
            passed_on = await client.post(
                f"{url}/chat/completions",
                json={
                    **asked,
                    "messages": [{"role": "system", "content": "?"}, {"role": "user", "content": "France?"}],
                },
            )
    assert said(told.text) == "It goes on."
    assert said(passed_on.text) == "Paris."
    (request,) = other.requests
    assert [message["content"] for message in request.messages] == ["Be brief.", "Hi.", "Hello.", "France?"]
    assert request.body["temperature"] == 0.5


def said(stream: str) -> str:
    chunks = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


def side(name: str, first_audio: float) -> Side:
    turn = Turn(question="time", measures={"first audio": first_audio}, outcome="counted")
    by_mode = {"free": [turn]}
    return Side(
        name=name,
        end_of_turn="",
        versions={},
        load=(0, 0),
        measures=summaries(by_mode),
        misheard=0,
        unanswered=0,
        turns=by_mode,
    )


def test_ratios_are_to_kouyus_median() -> None:
    sides = [side("pipecat", 1500), side("kouyu", 500)]
    report = ComparisonReport(machine=this_machine(), whisper="whisper-base", sides=sides, failed={})
    (title,) = sides[0].measures
    assert report.ratio(sides[0], title) == 3
    assert report.ratio(sides[0], "barge-in") is None


def test_as_many_people_are_held_as_got_their_answers_in_time() -> None:
    levels = [
        Level(people=people, answers=summarise([median]) if median else None, unanswered=0)
        for people, median in ((1, 900), (2, 1400), (3, 1600), (4, 0))
    ]
    assert Held(name="pipecat", versions={}, load=(0, 0), levels=levels).people(1500) == 2


def test_a_name_that_is_no_peer_is_refused_with_those_that_are() -> None:
    result = CliRunner().invoke(compare.main, ["--peers", "kouyu,nobody"])
    assert result.exit_code == 2
    assert "nobody" in result.output
    for name in PEERS:
        assert name in result.output.replace("\n", " ")


@pytest.mark.parametrize("name", [name for name in PEERS if not name.startswith("kouyu")])
def test_the_bot_of_every_peer_is_python(name: str) -> None:
    program = type(PEERS[name]).__module__.rpartition(".")[2].replace("_side", "_bot") + ".py"
    file = Path(compare.__file__).with_name("bots") / program
    compile(file.read_text(encoding="utf-8"), str(file), "exec")
