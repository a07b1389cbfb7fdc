"""Whatever users and engines do, in whatever order, the conversation keeps its promises (invariants.py)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import Effect, JudgeTurn, Speak, StartReply, Transcribe
from kouyu.conversation.inputs import (
    ConfigurationUpdate,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.protocol.downlink import Chat, Function, ToolCall
from kouyu.protocol.uplink import (
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferClear,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    ToolOutput,
)
from tests.conversation.invariants import check, check_idle
from tests.conversation.simulation import Engines, Report, Simulation

CALLS = (
    ToolCall(id="call 1", function=Function("where_am_i", "{}")),
    ToolCall(id="call 2", function=Function("what_time", "{}")),
)

# How engines behave: each order takes the next of these, and begins again after the last. None: never.

delays = st.sampled_from([0.03, 0.0, 0.2, 0.7, 3.0])
texts = st.sampled_from(["What now?", "扣子你好", "What else?", "um", "", "  "])


class Transcription(msgspec.Struct, frozen=True):
    delay_s: float | None
    text: str | None


class Answer(msgspec.Struct, frozen=True):
    delay_s: float
    deltas: tuple[str, ...]
    delta_s: float
    end: str


class Synthesis(msgspec.Struct, frozen=True):
    delay_s: float
    packets: tuple[float, ...]
    end: str


transcriptions = st.builds(Transcription, st.one_of(delays, delays, st.none()), st.one_of(texts, texts, st.none()))
answers = st.builds(
    Answer,
    delays,
    st.lists(
        st.sampled_from(["One, two, three, four, five. ", "And six. ", "Go", "好的。", "", " ", "\n"]), max_size=6
    ).map(tuple),
    st.sampled_from([0.05, 0.0, 1.0]),
    st.sampled_from(["finishes"] * 4 + ["asks", "asks", "fails", "asks for nothing", "falls silent"]),
)
syntheses = st.builds(
    Synthesis,
    delays,
    st.lists(st.sampled_from([200.0, 2.5, 0.0, 26.122, 3000.0, 30_000.0]), max_size=6).map(tuple),
    st.sampled_from(["finishes"] * 4 + ["fails", "falls silent"]),
)
judgements = st.tuples(st.none() | delays, st.sampled_from([0.0, 0.49, 0.5, 1.0]))


class RandomEngines(Engines):
    """Engines of which every order takes its own course. Their reports come even when nobody waits any more."""

    def __init__(
        self,
        transcriptions: list[Transcription],
        answers: list[Answer],
        syntheses: list[Synthesis],
        judgements: list[tuple[float | None, float]],
    ) -> None:
        self._transcriptions = _repeated(transcriptions)
        self._answers = _repeated(answers)
        self._syntheses = _repeated(syntheses)
        self._judgements = _repeated(judgements)

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case Transcribe(number):
                yield from _transcribe(number, next(self._transcriptions))
            case StartReply(number):
                yield from _answer(number, next(self._answers))
            case Speak(number):
                yield from _synthesise(number, next(self._syntheses))
            case JudgeTurn(number):
                delay_s, completeness = next(self._judgements)
                if delay_s is not None:
                    yield delay_s, TurnJudged(number, completeness)
            case _:
                pass


def _repeated(behaviours: list[Any]) -> Iterator[Any]:
    while True:
        yield from behaviours


def _transcribe(number: int, how: Transcription) -> Iterator[Report]:
    if how.delay_s is not None and how.text is None:
        yield how.delay_s, TranscriptFailed(number, "broken")
    elif how.delay_s is not None and how.text is not None:
        yield how.delay_s, TranscriptReady(number, how.text, "en")


def _answer(number: int, how: Answer) -> Iterator[Report]:
    at = how.delay_s
    for delta in how.deltas:
        yield at, ReplyDelta(number, delta)
        at += how.delta_s
    match how.end:
        case "finishes":
            yield at, ReplyFinished(number, 3, 4)
        case "fails":
            yield at, ReplyFailed(number, "broken")
        case "asks":
            yield at, ReplyToolCalls(number, CALLS)
        case "asks for nothing":
            yield at, ReplyToolCalls(number, ())


def _synthesise(number: int, how: Synthesis) -> Iterator[Report]:
    at = how.delay_s
    for index, duration_ms in enumerate(how.packets):
        yield at, SpeechAudio(number, b"", 10.0)
        yield at, SpeechAudio(number, f"{number} {index}".encode(), duration_ms)
        at += 0.02
    match how.end:
        case "finishes":
            yield at, SpeechFinished(number)
        case "fails":
            yield at, SpeechFailed(number, "broken")


engines = st.builds(
    RandomEngines,
    *(st.lists(kind, min_size=1, max_size=4) for kind in (transcriptions, answers, syntheses, judgements)),
)

# What users do.

Action = Callable[[Simulation], None]


@dataclass(frozen=True)
class Do:
    """An action that can be read in a failing example."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __call__(self, talk: Simulation) -> None:
        _ACTIONS[self.name](talk, *self.arguments)

    def __repr__(self) -> str:
        return f"{self.name}{self.arguments}"


def _submit(talk: Simulation, what: str) -> None:
    asked = [event.data for event in talk.events if event.event_type == "conversation.chat.requires_action"]
    chat_id = asked[-1].id if asked and isinstance(asked[-1], Chat) and what != "to another chat" else "7"
    outputs = [ToolOutput(tool_call_id=call.id, output="here") for call in CALLS]
    match what:
        case "too few":
            outputs.pop()
        case "twice the same":
            outputs[1] = outputs[0]
        case "to another call":
            outputs.append(ToolOutput(tool_call_id="call 3", output="there"))
    talk.give(SubmitToolOutputs(chat_id=chat_id, tool_outputs=tuple(outputs)))


_ACTIONS: dict[str, Callable[..., None]] = {
    "speak": Simulation.speak,
    "silence": Simulation.silence,
    "upload": lambda talk, ms, probability, chunk_s: talk.upload(ms, probability, chunk_s=chunk_s),
    "ask": lambda talk, silence_ms: (talk.speak(640), talk.silence(silence_ms)),
    "push": lambda talk: (talk.speak(640), talk.complete()),
    "wait": Simulation.wait,
    "complete": Simulation.complete,
    "clear": lambda talk: talk.give(InputAudioBufferClear()),
    "cancel": Simulation.cancel,
    "write": lambda talk: talk.write("A typed question."),
    "insert": lambda talk: talk.give(
        ConversationMessageCreate(role="assistant", content_type="text", content="I said this.")
    ),
    "announce": lambda talk, text: talk.give(InputTextGenerateAudio(mode="text", text=text)),
    "new_section": lambda talk: talk.give(ConversationClear()),
    "submit": _submit,
    "configure": lambda talk, data: talk.configure(**data),
    "open": lambda talk: talk.give(
        ConfigurationUpdate(data={"chat_config": {"conversation_id": "77"}}, opened=("77", "78"))
    ),
}

pushed = {"turn_detection": {"type": "client_interrupt"}}
free = {"turn_detection": {"type": "server_vad"}}
semantic = {"turn_detection": {"type": "semantic_vad"}}
keywords = {"turn_detection": {"interrupt_config": {"mode": "keyword_contains", "keywords": ["扣子"]}}}
paced = {
    "output_audio": {
        "codec": "opus",
        "opus_config": {"limit_config": {"period": 1, "max_frame_num": 2}},
    }
}
updates = st.sampled_from(
    [
        pushed,
        free,
        semantic,
        keywords,
        paced,
        {"turn_detection": {"type": "server_vad", "silence_duration_ms": 0, "prefix_padding_ms": 0}},
        {"turn_detection": {"silence_duration_ms": 1200, "prefix_padding_ms": 3000}},
        {"turn_detection": {"semantic_vad_config": {"silence_threshold_ms": 100}}},
        {"turn_detection": {"semantic_vad_config": {"semantic_unfinished_wait_time_ms": 2000}}},
        {"turn_detection": {"interrupt_config": {}}},
        {"input_audio": {"format": "pcm", "sample_rate": 16000}},
        {"output_audio": {"codec": "pcm"}},
        {"output_audio": {"voice_id": "alpha", "opus_config": {"limit_config": {}}}},
        {"chat_config": {"auto_save_history": False}},
        {"chat_config": {"auto_save_history": True}},
        {"asr_config": {"stream_mode": "output_no_stream"}},
        {"need_play_prologue": True},
        {"need_play_prologue": True, "prologue_content": "Good morning to you. How are you?"},
        {"output_audio": {"speech_rate": 1000}, "turn_detection": {"type": "server_vad"}},
    ]
)
actions = st.one_of(
    st.builds(Do, st.just("ask"), st.tuples(st.sampled_from([288, 544, 1500]))),
    st.builds(Do, st.just("push")),
    st.builds(Do, st.just("speak"), st.tuples(st.sampled_from([96, 160, 400, 1500]))),
    st.builds(Do, st.just("silence"), st.tuples(st.sampled_from([64, 256, 400, 700, 2500]))),
    st.builds(
        Do,
        st.just("upload"),
        st.tuples(st.sampled_from([10, 300, 2000]), st.sampled_from([0.02, 0.95]), st.sampled_from([0.0, 0.005, 0.4])),
    ),
    st.builds(Do, st.just("wait"), st.tuples(st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0]))),
    st.sampled_from(["complete", "clear", "cancel", "write", "insert", "new_section", "open"]).map(Do),
    st.sampled_from(["complete", "write"]).map(Do),
    st.builds(Do, st.just("announce"), st.tuples(st.sampled_from(["Are you there? Hello.", "。", " "]))),
    st.builds(
        Do,
        st.just("submit"),
        st.tuples(st.sampled_from(["right", "too few", "twice the same", "to another call", "to another chat"])),
    ),
    st.builds(Do, st.just("configure"), st.tuples(updates)),
)
histories = st.tuples(st.sampled_from([free, pushed, semantic]), st.lists(actions, min_size=6, max_size=24))


def _run(talk: Simulation, history: tuple[dict[str, Any], list[Do]]) -> None:
    mode, done = history
    talk.configure(**mode)
    for action in done:
        action(talk)


@given(history=histories, engines=engines, speculation=st.booleans())
def test_every_history_keeps_all_promises_and_comes_to_rest(
    history: tuple[dict[str, Any], list[Do]], engines: RandomEngines, speculation: bool
) -> None:
    talk = Simulation(engines, Limits(speculation=speculation))
    _run(talk, history)
    # Longer than all time-outs after each other, for every sentence of the longest answer.
    talk.wait(4000)
    check(talk)
    check_idle(talk)
