"""Whatever a client, its user and the engines do, what is sent keeps the rules of wire_rules.py, and comes to rest."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import Effect, FlushPlayback, Send
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.conversation.limits import Limits
from kouyu.protocol.openai.realtime_wire import RealtimeWire
from kouyu.protocol.openai.response_events import AudioDelta
from kouyu.protocol.openai.server_events import ServerEvent
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.wire import (
    Answered,
    Audio,
    Heard,
    Loaded,
    Media,
    Picture,
    Prepare,
    Prepared,
    Read,
    Reconfigure,
    Refused,
    Saved,
    Speech,
)
from tests.conversation.random_users import CALLS, Do, tries
from tests.conversation.simulation import Simulation
from tests.conversation.test_random_histories import RandomEngines, engines
from tests.protocol.openai.test_inline_media import PICTURE, PNG, audio
from tests.protocol.openai.wire_rules import Json, Rules


@dataclass
class WiredSimulation(Simulation):
    """The core behind the wire of a client. What waits to be sent is sent at once, but for some of the audio."""

    wire: RealtimeWire = field(default_factory=lambda: RealtimeWire(SessionSettings(model="kouyu")))
    sent: list[Json] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._reconfigure(self.wire.opening())

    def send(self, event: Json) -> None:
        """The client sends this."""
        self._carry_out(self.wire.read(json.dumps(event)))

    def _carry_out(self, reads: Sequence[Read]) -> None:
        for read in reads:
            match read:
                case Prepare(media, then):
                    self._carry_out(then([_prepared(each) for each in media]))
                case Answered(told):
                    self._note([one for one in told if isinstance(one, ServerEvent)])
                case Reconfigure():
                    self._reconfigure(read)
                case Audio() | Refused():
                    raise AssertionError(read)
                case _:
                    self.give(read)

    def _reconfigure(self, update: Reconfigure) -> None:
        requested = update.read(self.conversation.requested, self.conversation.check)
        self.give(
            ConfigurationUpdate(
                requested=requested.configuration,
                options=requested.options,
                faults=requested.faults,
                origin=update.origin,
            )
        )

    def _take(self, effects: list[Effect]) -> None:
        flushes = any(isinstance(effect, FlushPlayback) for effect in effects)
        for effect in effects:
            if isinstance(effect, Send):
                told = self.wire.told(effect.event)
                # What is dropped at an interruption is audio alone, and not that of responses apart.
                dropped = AudioDelta if flushes and not effect.apart else ()
                self._note([one for one in told if not isinstance(one, dropped)])
        super()._take(effects)

    def _note(self, told: list[ServerEvent]) -> None:
        for one in told:
            sent = json.loads(self.wire.encoded(one))
            self.rules.take(sent)
            self.sent.append(sent)

    def last_item(self, kind: str, role: str | None = None) -> str:
        """The id of the last item of this type."""
        added = (event["item"] for event in reversed(self.sent) if event["type"] == "conversation.item.added")
        return next((item["id"] for item in added if item["type"] == kind and item.get("role") == role), "none")


def _prepared(media: Media) -> Prepared:
    """What becomes of them at once."""
    match media:
        case Picture():
            return Saved("7")
        case Speech(content):
            return Heard("Something spoken." if any(content) else "")
        case _:
            return Loaded(PNG)


def _heard(**fields: Any) -> Json:
    return {"type": "session.update", "session": {"type": "realtime", "audio": {"input": fields}}}


UPDATES: list[Json] = [
    _heard(turn_detection=None),
    _heard(turn_detection={"type": "server_vad"}),
    _heard(turn_detection={"type": "server_vad", "create_response": False}),
    _heard(turn_detection={"type": "server_vad", "interrupt_response": False}),
    _heard(turn_detection={"type": "server_vad", "idle_timeout_ms": 5000}),
    _heard(turn_detection={"type": "semantic_vad", "eagerness": "low"}),
    _heard(transcription={"model": "whisper-1"}),
    _heard(transcription={"model": "whisper-1", "language": "en"}),
    _heard(transcription=None),
    {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}},
    {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["audio"]}},
    {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["smell"]}},
    {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "marin"}}}},
]


def _given(*parts: Json) -> Json:
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": list(parts)}}


def _message(role: str, **fields: Any) -> Json:
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": "Something."}
    item = {"type": "message", "role": role, "content": [part]}
    return {"type": "conversation.item.create", "item": item, **fields}


ITEMS: list[Json] = [
    _message("user"),
    _message("system", previous_item_id="root"),
    _message("assistant"),
    _given(PICTURE),
    _given(audio(b"\1\2")),
    _given(audio(bytes(2))),
    {"type": "response.create", "response": {"input": [_given(PICTURE)["item"]]}},
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call", "name": "f", "call_id": "of the client", "arguments": "{}"},
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "of the client", "output": "done"},
    },
]
EVENTS: list[Json] = [
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "output_audio_buffer.clear"},
    {"type": "response.create"},
    {"type": "response.create", "response": {"metadata": {"a": "b"}, "output_modalities": ["text"]}},
    {"type": "response.create", "response": {"conversation": "none"}},
    {"type": "response.create", "response": {"conversation": "none", "output_modalities": ["text"], "input": []}},
    {"type": "response.create", "response": {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}},
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "resp_1"},
    *ITEMS,
    {"type": "conversation.item.create", "item": {"type": "nonsense"}},
    {"type": "nonsense"},
]


@dataclass(frozen=True)
class Give:
    """An event of the client, the same in every history."""

    event: str

    def __call__(self, talk: WiredSimulation) -> None:
        talk.send(json.loads(self.event))


@dataclass(frozen=True)
class OfItem:
    """An event about an item that there is."""

    verb: str
    role: str | None

    def __call__(self, talk: WiredSimulation) -> None:
        item_id = talk.last_item("message", self.role)
        played = {"content_index": 0, "audio_end_ms": 250} if self.verb == "truncate" else {}
        talk.send({"type": f"conversation.item.{self.verb}", "item_id": item_id, **played})


@dataclass(frozen=True)
class Output:
    """The output of one of the client's tools."""

    call: int

    def __call__(self, talk: WiredSimulation) -> None:
        item = {"type": "function_call_output", "call_id": CALLS[self.call].id, "output": "here"}
        talk.send({"type": "conversation.item.create", "item": item})


@dataclass(frozen=True)
class WriteWhileRecognised:
    """The client adds items while what the user has said is still being recognised."""

    first: str
    second: str

    def __call__(self, talk: WiredSimulation) -> None:
        talk.speak(640)
        talk.silence(700)
        talk.send(json.loads(self.first))
        talk.send(json.loads(self.second))


@dataclass(frozen=True)
class CancelOne:
    """The client stops one of the responses in progress, by its id."""

    place: int

    def __call__(self, talk: WiredSimulation) -> None:
        in_progress = list(talk.rules.open)
        if in_progress:
            response_id = in_progress[self.place % len(in_progress)]
            talk.send({"type": "response.cancel", "response_id": response_id})


@dataclass(frozen=True)
class AnswerTools:
    """All outputs, and the request for the answer."""

    def __call__(self, talk: WiredSimulation) -> None:
        for index in range(len(CALLS)):
            Output(index)(talk)
        talk.send({"type": "response.create"})


Action = Callable[[Any], None]
sends = st.sampled_from([*UPDATES, *EVENTS]).map(lambda event: Give(json.dumps(event)))
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Do, st.just("ask"), st.tuples(st.sampled_from([288, 544, 1500]))),
    st.builds(Do, st.just("speak"), st.tuples(st.sampled_from([96, 160, 400, 1500]))),
    st.builds(Do, st.just("silence"), st.tuples(st.sampled_from([64, 256, 700, 2500]))),
    st.builds(Do, st.just("stall"), st.tuples(st.sampled_from([1000, 1536]))),
    st.builds(Do, st.just("wait"), st.tuples(st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0]))),
    st.builds(Do, st.just("pressure"), st.tuples(st.booleans())),
    st.builds(Do, st.just("announce"), st.tuples(st.sampled_from(["Are you there? Hello.", "。"]))),
    sends,
    sends,
    st.builds(OfItem, st.sampled_from(["retrieve", "truncate", "delete"]), st.sampled_from(["user", "assistant"])),
    st.builds(Output, st.sampled_from([0, 1])),
    st.builds(WriteWhileRecognised, *[st.sampled_from([json.dumps(one) for one in ITEMS])] * 2),
    st.builds(CancelOne, st.sampled_from([0, 1, 2])),
    st.builds(AnswerTools),
)


@tries
@given(done=st.lists(actions, min_size=6, max_size=24), engines=engines, speculation=st.booleans())
def test_what_is_sent_keeps_the_rules_in_every_history_and_comes_to_rest(
    done: list[Action], engines: RandomEngines, speculation: bool
) -> None:
    talk = WiredSimulation(engines, Limits(speculation=speculation))
    for action in done:
        action(talk)
    talk.send(_heard(turn_detection={"type": "server_vad"}))  # without an idle time-out, so that it ends
    talk.wait(4000)
    talk.rules.check_end()
