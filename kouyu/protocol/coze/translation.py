"""Translates between Coze's events and the domain's events and requests: no state, no time, nothing decided."""

import base64
from typing import Final, assert_never

from msgspec.structs import replace

from kouyu.domain.events import (
    ActionRequired,
    AnswerCut,
    AnswerDelta,
    BufferCleared,
    BufferCompleted,
    ChatBegan,
    ChatCancelled,
    ChatCompleted,
    ChatFailed,
    ChatInProgress,
    Configured,
    Connected,
    Event,
    IdleTimedOut,
    InterruptionReason,
    MessageCompleted,
    MessageRemoved,
    MessageWritten,
    OutputInterrupted,
    RequestRefused,
    Resumed,
    SectionCleared,
    SentenceBegan,
    SpeechCompleted,
    SpeechDelta,
    SpeechDropped,
    SpeechPaused,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TranscriptCompleted,
)
from kouyu.domain.messages import Message
from kouyu.domain.requests import (
    Announce,
    CancelOutput,
    ClearBuffer,
    CompleteBuffer,
    Request,
    StartSection,
    SubmitOutputs,
    UnknownRequest,
    WriteMessage,
)
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent, Sentence, error
from kouyu.protocol.coze.misspelt import meant_event
from kouyu.protocol.coze.uplink import (
    KNOWN_EVENTS,
    ConversationChatCancel,
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    UnknownEvent,
    UplinkRequest,
)
from kouyu.protocol.coze.wire import to_wire

CANCELLATIONS: Final[dict[InterruptionReason, Cancellation]] = {
    "speech": Cancellation(1, "interrupted by the user's speech"),
    "client": Cancellation(2, "canceled by the client"),
    "content": Cancellation(3, "interrupted by submitted content"),
}
"""Why output was interrupted (downlink.md 4)."""


def downlink_of(event: Event) -> DownlinkEvent | None:
    """The event of downlink.md 1 that tells of ``event``; None if Coze has none."""
    match event:
        case SpeechDelta(message, audio):
            return DownlinkEvent("conversation.audio.delta", _audio(message, base64.b64encode(audio).decode()))
        case AnswerDelta(message):
            return DownlinkEvent("conversation.message.delta", message)
        case MessageCompleted(message):
            return DownlinkEvent("conversation.message.completed", message)
        case SentenceBegan(_, text):
            return DownlinkEvent("conversation.audio.sentence_start", Sentence(text))
        case SpeechCompleted(message):
            return DownlinkEvent("conversation.audio.completed", _audio(message, ""))
        case ChatBegan() | ChatInProgress() | ActionRequired() | ChatCompleted() | ChatFailed():
            return _of_chat(event)
        case OutputInterrupted(reason):
            return DownlinkEvent("conversation.chat.canceled", CANCELLATIONS[reason])
        case SpeechStarted():
            return DownlinkEvent("input_audio_buffer.speech_started")
        case SpeechStopped():
            return DownlinkEvent("input_audio_buffer.speech_stopped")
        case BufferCompleted():
            return DownlinkEvent("input_audio_buffer.completed")
        case BufferCleared():
            return DownlinkEvent("input_audio_buffer.cleared")
        case TranscriptChanged(text):
            return DownlinkEvent("conversation.audio_transcript.update", Transcript(text))
        case TranscriptCompleted(transcript):
            return DownlinkEvent("conversation.audio_transcript.completed", transcript)
        case Connected():
            return DownlinkEvent("chat.created")
        case Configured(configuration):
            return DownlinkEvent("chat.updated", to_wire(configuration))
        case RequestRefused(code, msg, origin=origin):
            return error(code, msg, origin)
        case SectionCleared():
            return DownlinkEvent("conversation.cleared")
        case (
            MessageWritten()
            | MessageRemoved()
            | AnswerCut()
            | SpeechPaused()
            | SpeechDropped()
            | IdleTimedOut()
            | ChatCancelled()
            | Resumed()
        ):
            return None
        case _:
            assert_never(event)


def _of_chat(event: ChatBegan | ChatInProgress | ActionRequired | ChatCompleted | ChatFailed) -> DownlinkEvent:
    match event:
        case ChatBegan(chat):
            return DownlinkEvent("conversation.chat.created", chat)
        case ChatInProgress(chat):
            return DownlinkEvent("conversation.chat.in_progress", chat)
        case ActionRequired(chat):
            return DownlinkEvent("conversation.chat.requires_action", chat)
        case ChatCompleted(chat):
            return DownlinkEvent("conversation.chat.completed", chat)
        case ChatFailed(chat):
            return DownlinkEvent("conversation.chat.failed", chat)
        case _:
            assert_never(event)


def _audio(message: Message, content: str) -> Message:
    return replace(message, content=content, content_type="audio")


def request_of(event: UplinkRequest, origin: str | None = None) -> Request:
    """What an event of uplink.md asks for. ``origin`` comes back in the error that refuses it, if it may be refused."""
    match event:
        case InputAudioBufferComplete():
            return CompleteBuffer()
        case InputAudioBufferClear():
            return ClearBuffer()
        case ConversationMessageCreate(role=role, content_type=content_type, content=content):
            return WriteMessage(role=role, content_type=content_type, content=content, answer=role == "user")
        case ConversationClear():
            return StartSection()
        case SubmitToolOutputs(chat_id=chat_id, tool_outputs=outputs):
            return SubmitOutputs(chat_id=chat_id, outputs=outputs, origin=origin)
        case ConversationChatCancel():
            return CancelOutput()
        case InputTextGenerateAudio(text=text):
            return Announce(text)
        case UnknownEvent(event_type=event_type):
            return UnknownRequest(event_type, meant_event(event_type, KNOWN_EVENTS))
        case _:
            assert_never(event)
