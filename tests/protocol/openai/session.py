"""A session of OpenAI's Realtime protocol without a server: the translation, and a core that a test plays by hand."""

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import msgspec

from kouyu.domain import events as core
from kouyu.domain.chats import Chat, LastError, RequiredAction, SubmitToolOutputs, Usage
from kouyu.domain.configuration import ChatConfig, Configuration, OutputAudio
from kouyu.domain.errors import ProtocolError
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message, MessageType
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import Request, WriteMessage
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.openai.client_events import parse
from kouyu.protocol.openai.core_settings import configuration_of, options_of
from kouyu.protocol.openai.reads import Read
from kouyu.protocol.openai.server_events import ServerEvent, encode
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.openai.translation import Translation, refused
from kouyu.protocol.wire import Media, Prepared
from tests.protocol.openai.wire_rules import Rules

Json = dict[str, Any]
CALL = ToolCall(id="call_1", function=Function("get_weather", '{"city": "Paris"}'))


class Session:
    """``send`` gives it an event of the client, ``tell`` one of the core. All that it sends must keep the rules."""

    def __init__(self, **settings: Any) -> None:
        numbers = count(1)
        begins_with = SessionSettings(model="kouyu", **settings)
        self.translation = Translation(begins_with, lambda prefix: f"{prefix}_{next(numbers)}")
        self._ids = count(1)
        self._event_ids = count(1)
        self.rules = Rules()
        self.sent: list[Json] = []
        self.requests: list[Request] = []
        self.media: tuple[Media, ...] = ()
        """What the event that was sent last needs to be prepared."""
        self._then: Callable[[Sequence[Prepared]], Read] | None = None
        self.tell(core.Connected())
        self._configure()

    def send(self, event: Json) -> list[Json]:
        """What is answered at once. What is asked of the core is in ``requests``."""
        before = len(self.sent)
        self.requests = []
        try:
            read = self.translation.read(parse(json.dumps(event)))
        except ProtocolError as fault:  # as the caller does
            read = refused(fault, event.get("event_id"))
        self._note(read.replies)
        self.requests = list(read.requests)
        self.media, self._then = read.media, read.then
        if event["type"] == "session.update" and not read.replies:
            self._configure()
        return self.sent[before:]

    def prepare(self, *prepared: Prepared) -> list[Json]:
        """The session has prepared the media of the event that was sent last."""
        before = len(self.sent)
        assert self._then is not None
        read = self._then(prepared)
        assert read.then is None
        self._note(read.replies)
        self.requests = list(read.requests)
        return self.sent[before:]

    @property
    def configuration(self) -> Configuration:
        """What the settings ask of the core."""
        return configuration_of(self.translation.settings, Configuration())

    @property
    def options(self) -> SessionOptions:
        """What they ask of it besides."""
        return options_of(self.translation.settings)

    def _configure(self) -> None:
        asked = self.configuration
        voice = OutputAudio(voice_id=asked.output_audio.voice_id or "joe")
        chat = ChatConfig(conversation_id="1")
        in_force = msgspec.structs.replace(asked, output_audio=voice, chat_config=chat)
        self.tell(core.Configured(in_force, self.options))

    def update(self, **session: Any) -> Json:
        """The session after an update."""
        answered = self.send({"type": "session.update", "session": {"type": "realtime", **session}})
        assert [event["type"] for event in answered] == ["session.updated"]
        updated: Json = answered[0]["session"]
        return updated

    def tell(self, *told: core.Event) -> list[Json]:
        """What is sent for events of the core."""
        before = len(self.sent)
        for event in told:
            self._note(self.translation.tell(event))
        return self.sent[before:]

    def _note(self, told: Any) -> None:
        events: list[ServerEvent] = list(told)
        for event in events:
            sent = json.loads(encode(event, f"event_{next(self._event_ids)}"))
            self.rules.take(sent)
            self.sent.append(sent)

    # What the core tells of

    def new_id(self) -> str:
        return str(next(self._ids))

    def chat(self, **fields: Any) -> Chat:
        return Chat(
            **{
                "id": self.new_id(),
                "conversation_id": "1",
                "bot_id": "b",
                "created_at": 1,
                "status": "created",
                "section_id": "1",
                **fields,
            }
        )

    def message(self, chat: Chat | None, kind: MessageType, content: str = "", message_id: str = "") -> Message:
        return Message(
            id=message_id or self.new_id(),
            conversation_id="1",
            bot_id="b",
            role="user" if kind == "question" else "assistant",
            type=kind,
            content=content,
            content_type="text",
            chat_id=chat.id if chat is not None else NO_ID,
            section_id="1",
        )

    def says(self, text: str, *, seconds: float = 1.0) -> tuple[core.Event, ...]:
        """The user says this."""
        question = self.new_id()
        return (
            core.SpeechStarted(16_000, question),
            core.SpeechStopped(16_000 + int(seconds * 16_000), question),
            core.TranscriptCompleted(Transcript(text), question, int(seconds * 1000)),
            core.MessageCompleted(self.message(None, "question", text, question)),
        )

    def answers(self, chat: Chat, *deltas: str, audio: bytes = b"\1\2" * 8) -> tuple[core.Event, ...]:
        """The agent answers this, and each piece is spoken."""
        answer = self.message(chat, "answer")
        text = "".join(deltas)
        return (
            core.ChatBegan(chat),
            core.ChatInProgress(chat),
            *(core.AnswerDelta(msgspec.structs.replace(answer, content=delta)) for delta in (*deltas, "")),
            core.MessageCompleted(msgspec.structs.replace(answer, content=text)),
            *(
                event
                for delta in deltas
                for event in (core.SentenceBegan(answer, delta), core.SpeechDelta(answer, audio, 100.0))
            ),
            core.SpeechCompleted(answer),
        )


def completed(chat: Chat, input_count: int = 10, output_count: int = 5) -> core.ChatCompleted:
    usage = Usage(token_count=input_count + output_count, input_count=input_count, output_count=output_count)
    return core.ChatCompleted(msgspec.structs.replace(chat, status="completed", usage=usage))


def failed(chat: Chat, msg: str) -> core.ChatFailed:
    return core.ChatFailed(msgspec.structs.replace(chat, status="failed", last_error=LastError(5000, msg)))


def asks(chat: Chat, *calls: ToolCall, usage: Usage = Usage()) -> core.ActionRequired:  # noqa: B008  # frozen
    action = RequiredAction(submit_tool_outputs=SubmitToolOutputs(calls))
    return core.ActionRequired(
        msgspec.structs.replace(chat, status="requires_action", required_action=action, usage=usage)
    )


def types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def only(events: list[Json], kind: str) -> Json:
    """The one event of this type."""
    (found,) = (event for event in events if event["type"] == kind)
    return found


def written(session: Session) -> WriteMessage:
    """The message that was asked for last."""
    (request,) = session.requests
    assert isinstance(request, WriteMessage)
    return request


def save(session: Session) -> list[Json]:
    """The core carries out the message that was asked for last."""
    request = written(session)
    message = session.message(None, "question", request.content)
    return session.tell(core.MessageWritten(message, request.origin))
