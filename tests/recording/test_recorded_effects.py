"""Effects that were written and read are those that were returned, and cost a record few bytes."""

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
import pytest

from kouyu.conversation.effects import Effect, ReadAhead, Send, Sounding, Transcribe
from kouyu.conversation.inputs import TimePassed
from kouyu.domain.chats import Chat, LastError, Usage
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import (
    AnswerDelta,
    BufferCleared,
    ChatBegan,
    ChatFailed,
    Configured,
    Event,
    MessageCompleted,
    OutputInterrupted,
    RequestRefused,
    Resumed,
    SentenceBegan,
    SpeechCompleted,
    SpeechDelta,
    TranscriptChanged,
    TranscriptCompleted,
)
from kouyu.domain.messages import Message
from kouyu.domain.options import AnswerOptions, SessionOptions, ToolDefinition
from kouyu.domain.transcripts import Transcript
from kouyu.recording.entries import EntryDecoder, EntryEncoder, Step
from kouyu.recording.recorded_effects import plain_effect

PLACE: Any = {"id": "1", "conversation_id": "2", "bot_id": "b", "chat_id": "3", "section_id": "2"}
ANSWER = Message(role="assistant", type="answer", content="Paris.", content_type="text", **PLACE)
QUESTION = Message(role="user", type="question", content="Hm?", content_type="text", meta_data={"a": "b"}, **PLACE)
SOUND = msgspec.structs.replace(ANSWER, content="", content_type="audio")
CHAT = Chat(id="3", conversation_id="2", bot_id="b", created_at=5, status="failed", section_id="2")
SOUNDING = Sounding(1, 20.0, 3.5)


def read(written: Iterable[Step]) -> list[Any]:
    """The effects of the steps after they were written and read."""
    steps = list(written)
    encoder, decoder = EntryEncoder(), EntryDecoder()
    return [effect for step in steps for read in decoder.decoded(encoder.encoded([step])) for effect in read.effects]


def step(*returned: Effect) -> Step:
    return Step(0.0, TimePassed(), (), returned)


def as_written(effect: Effect) -> Any:
    table = EntryDecoder().configurations
    return msgspec.msgpack.decode(msgspec.msgpack.encode(plain_effect(effect, table)))


@pytest.mark.parametrize(
    "event",
    [
        AnswerDelta(ANSWER),
        AnswerDelta(msgspec.structs.replace(ANSWER, content="", reasoning_content="Hm.")),
        MessageCompleted(QUESTION),
        MessageCompleted(ANSWER, "call 1"),
        SentenceBegan(SOUND, "Paris."),
        SpeechDelta(SOUND, b"RIFF" * 100, 20.0),
        SpeechDelta(msgspec.structs.replace(SOUND, meta_data={"a": "b"}), b"RIFF", 20.0),
        SpeechCompleted(SOUND),
        ChatBegan(CHAT, "origin"),
        ChatFailed(msgspec.structs.replace(CHAT, usage=Usage(token_count=3), last_error=LastError(1, "no"))),
        TranscriptChanged("Hm?"),
        TranscriptCompleted(Transcript("Hm?"), "7", 1200),
        OutputInterrupted("speech"),
        Configured(
            msgspec.structs.replace(Configuration(), prologue_content="Hi."),
            SessionOptions(answers=AnswerOptions(spoken=False, tools=(ToolDefinition(name="go"),))),
        ),
        Resumed(Configuration()),
        BufferCleared(),
        RequestRefused(4000, "no", "data.delta", "the message"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_read_as_it_was_returned(event: Event) -> None:
    returned: list[Effect] = [Send(event), Send(event, SOUNDING), Send(event, SOUNDING, 4)]
    returned += [Send(event, apart=True), Send(event, SOUNDING, apart=True)]
    assert read([step(*returned), step(*returned)]) == [as_written(effect) for effect in returned] * 2


def test_every_other_effect_is_read_as_it_was_returned() -> None:
    configuration = Configuration()
    given: dict[str, Any] = {"configuration": configuration, "question": QUESTION, "message": ANSWER, "chat": CHAT}
    given |= {"input_audio": configuration.input_audio, "tool_rounds": ()}
    numbers: dict[Any, Any] = {int: 7, float: 0.5, bool: True, str: "text"}
    returned: list[Effect] = []
    for kind in get_args(Effect):
        if kind is not Send:
            fields = msgspec.structs.fields(kind)
            every = {each.name: given.get(each.name, numbers.get(each.type)) for each in fields}
            needed = {each.name: every[each.name] for each in fields if each.required}
            returned += [kind(**needed), kind(**{name: value for name, value in every.items() if value is not None})]
    assert read([step(*returned)]) == [as_written(effect) for effect in returned]


def test_configurations_and_the_heads_of_messages_are_written_once() -> None:
    configuration = msgspec.structs.replace(Configuration(), prologue_content="Welcome!")
    delta = Send(SpeechDelta(SOUND, b"RIFF" * 100, 20.0), SOUNDING)
    order = Transcribe(1, 0, 1600, True, configuration)
    encoder = EntryEncoder()
    first, second = (encoder.encoded([step(delta, order)]) for _ in range(2))
    assert (first.count(b"Welcome!"), second.count(b"Welcome!")) == (1, 0)
    assert (first.count(b"conversation_id"), second.count(b"conversation_id")) == (2, 0)
    assert len(second) < 200


def test_an_effect_of_another_version_is_kept_and_what_it_lost_is_not_compared() -> None:
    def read_back(recorded: Any) -> Any:
        entry = [3, 0.0, "TimePassed", {}, [], [recorded]]
        (only,) = EntryDecoder().decoded(msgspec.msgpack.encode([entry]))
        return only.effects[0]

    assert read_back(["Whisper", {"volume": 3}]) == ["Whisper", {"volume": 3}]
    assert read_back(["CancelSpeech", {"order": 3, "gently": True}]) == ["CancelSpeech", {"order": 3}]
    assert read_back(["CancelSpeech", {"order": "three"}]) == ["CancelSpeech", {"order": "three"}]
    assert read_back(["Send", ["Danced", {"steps": 3}]]) == ["Send", {"event": ["Danced", {"steps": 3}]}]


def test_a_field_that_is_new_today_has_its_default_in_an_older_record() -> None:
    entry = ["ReadAhead", {"question": msgspec.to_builtins(ANSWER), "configuration": 0, "draft": True}]
    configuration = [0, msgspec.to_builtins(Configuration())]
    content = msgspec.msgpack.encode([configuration, [3, 0.0, "TimePassed", {}, [], [entry]]])
    (only,) = EntryDecoder().decoded(content)
    assert only.effects == [as_written(ReadAhead(ANSWER, Configuration(), True))]  # without opening_lines
