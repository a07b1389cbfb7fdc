"""Users who do anything in any order: strategies for hypothesis."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st

from kouyu.conversation.effects import SaveMessage, Send
from kouyu.conversation.inputs import ConfigurationUpdate, NotOpened, OpenedConversation, PressureChanged
from kouyu.domain.chats import Chat
from kouyu.domain.events import ChatBegan, SpeechDelta
from kouyu.domain.ids import NO_ID
from kouyu.domain.options import AnswerOptions, GivenMessage, SessionOptions
from kouyu.domain.requests import (
    Announce,
    AnswerNow,
    CancelAnswer,
    ClearBuffer,
    CompleteBuffer,
    RemoveMessage,
    ReportPlayback,
    StartSection,
    SubmitOutputs,
    WriteMessage,
)
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from tests.conversation.invariants.context import SILENT
from tests.conversation.simulation import Simulation

_MANY = os.environ.get("KOUYU_HISTORIES")
tries = settings(
    max_examples=int(_MANY or 150), deadline=None, derandomize=_MANY is None, database=None, print_blob=False
)
"""How often to try: the same few histories every time, or as many new ones as KOUYU_HISTORIES says."""

CALLS = (
    ToolCall(id="call 1", function=Function("where_am_i", "{}")),
    ToolCall(id="call 2", function=Function("what_time", "{}")),
)
"""What agents ask of the client's tools."""

RAN = ToolRound(calls=CALLS, outputs=tuple(ToolOutput(tool_call_id=call.id, output=f"of {call.id}") for call in CALLS))
"""What the same give where they run on the server."""

GIVEN = (GivenMessage(role="user", content="What is the mood?"),)
"""What an answer apart from the conversation is asked with."""

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
    talk.give(SubmitOutputs(chat_id=chat_id, outputs=tuple(outputs)))


def _use(talk: Simulation, options: SessionOptions) -> None:
    talk.give(ConfigurationUpdate(requested=talk.conversation.requested, options=options))


def _origin(talk: Simulation) -> str:
    requests = AnswerNow | WriteMessage | RemoveMessage | ReportPlayback
    return f"request {sum(isinstance(item, requests) for _, item in talk.history)}"


def _report(talk: Simulation, played_ms: int) -> None:
    spoken = [send.event.message.id for send in talk.all(Send) if isinstance(send.event, SpeechDelta)]
    answers = [message_id for message_id in spoken if message_id != NO_ID]
    talk.give(ReportPlayback(answers[-1] if answers else "7", played_ms, _origin(talk)))


def _remove(talk: Simulation, back: int) -> None:
    saved = [save.message.id for save in talk.all(SaveMessage)]
    talk.give(RemoveMessage(saved[-back] if len(saved) >= back else "7", _origin(talk)))


def _add(talk: Simulation, role: Literal["user", "assistant", "system"]) -> None:
    talk.give(WriteMessage(role=role, answer=False, content=f"The {role} adds this.", origin=_origin(talk)))


def _cancel_apart(talk: Simulation) -> None:
    begun = [send.event.chat.id for send in talk.all(Send) if send.apart and isinstance(send.event, ChatBegan)]
    talk.give(CancelAnswer(begun[-1] if begun else "7"))


_ACTIONS: dict[str, Callable[..., object]] = {
    "speak": Simulation.speak,
    "silence": Simulation.silence,
    "upload": lambda talk, ms, probability, chunk_s: talk.upload(ms, probability, chunk_s=chunk_s),
    "stall": lambda talk, ms: (talk.speak(640), talk.wait(ms / 1000), talk.upload(ms, 0.95)),
    "ask": lambda talk, silence_ms: (talk.speak(640), talk.silence(silence_ms)),
    "push": lambda talk: (talk.speak(640), talk.complete()),
    "wait": Simulation.wait,
    "complete": Simulation.complete,
    "clear": lambda talk: talk.give(ClearBuffer()),
    "cancel": Simulation.cancel,
    "write": lambda talk: talk.write("A typed question."),
    "insert": lambda talk: talk.give(WriteMessage(role="assistant", answer=False, content="I said this.")),
    "add": _add,
    "answer_now": lambda talk: talk.give(AnswerNow(origin=_origin(talk))),
    "answer_briefly": lambda talk: talk.give(
        AnswerNow(options=AnswerOptions(instructions="Be brief.", spoken=False), origin=_origin(talk))
    ),
    "answer_apart": lambda talk, spoken: talk.give(
        AnswerNow(options=AnswerOptions(kept=False, spoken=spoken), origin=_origin(talk))
    ),
    "answer_apart_of": lambda talk: talk.give(
        AnswerNow(options=AnswerOptions(kept=False, context=GIVEN), origin=_origin(talk))
    ),
    "cancel_apart": _cancel_apart,
    "complete_quietly": lambda talk: talk.give(CompleteBuffer(answer=False)),
    "commit_and_ask": lambda talk: (
        talk.give(CompleteBuffer(answer=False)),
        talk.give(AnswerNow(origin=_origin(talk))),
    ),
    "report": _report,
    "remove": _remove,
    "use": _use,
    "announce": lambda talk, text: talk.give(Announce(text)),
    "new_section": lambda talk: talk.give(StartSection()),
    "submit": _submit,
    "pressure": lambda talk, is_high: talk.give(PressureChanged(is_high)),
    "configure": lambda talk, data: talk.configure(**data),
    "open": lambda talk: talk.give(
        talk.update({"chat_config": {"conversation_id": "77"}}, conversation=OpenedConversation("77", "78"))
    ),
    "open_unknown": lambda talk: talk.give(
        talk.update({"chat_config": {"conversation_id": "79"}}, conversation=NotOpened("does not exist"))
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
OPTIONS = (
    SessionOptions(answers_speech=False),
    SessionOptions(speech_interrupts=False),
    SessionOptions(answers_speech=False, speech_interrupts=False),
    SessionOptions(takes_audio=False),
    SessionOptions(answers=AnswerOptions(instructions="Be kind.")),
)
"""What only some protocols can ask for."""
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
        {"chat_config": {"user_id": "ada"}},
        {"chat_config": {"user_id": "ben"}},
        {"event_subscriptions": SILENT},
        {"event_subscriptions": []},
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
    st.builds(Do, st.just("stall"), st.tuples(st.sampled_from([1000, 1536, 3072]))),
    st.builds(Do, st.just("wait"), st.tuples(st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0]))),
    st.sampled_from(["complete", "clear", "cancel", "write", "insert", "new_section", "open", "open_unknown"]).map(Do),
    st.sampled_from(["complete", "write"]).map(Do),
    st.builds(Do, st.just("pressure"), st.tuples(st.booleans())),
    st.sampled_from(["answer_now", "answer_now", "answer_briefly", "complete_quietly", "commit_and_ask"]).map(Do),
    st.builds(Do, st.just("answer_apart"), st.tuples(st.sampled_from([None, False]))),
    st.sampled_from(["answer_apart_of", "cancel_apart"]).map(Do),
    st.builds(Do, st.just("add"), st.tuples(st.sampled_from(["user", "assistant", "system"]))),
    st.builds(Do, st.just("report"), st.tuples(st.sampled_from([0, 300, 5000]))),
    st.builds(Do, st.just("remove"), st.tuples(st.sampled_from([1, 2]))),
    st.builds(Do, st.just("use"), st.tuples(st.sampled_from(OPTIONS))),
    st.builds(Do, st.just("announce"), st.tuples(st.sampled_from(["Are you there? Hello.", "。", " "]))),
    st.builds(
        Do,
        st.just("submit"),
        st.tuples(st.sampled_from(["right", "too few", "twice the same", "to another call", "to another chat"])),
    ),
    st.builds(Do, st.just("configure"), st.tuples(updates)),
)
histories = st.tuples(st.sampled_from([free, pushed, semantic]), st.lists(actions, min_size=6, max_size=24))
"""The first configuration, and what is done then."""


def perform(talk: Simulation, history: tuple[dict[str, Any], list[Do]], *, settle: bool = False) -> None:
    """Do all of it. ``settle``: engines that take no time come before the next action."""
    mode, done = history
    talk.configure(**mode)
    for action in done:
        action(talk)
        if settle:
            talk.wait(0)
