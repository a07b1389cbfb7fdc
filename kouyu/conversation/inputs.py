"""What the conversation core is told, besides uplink events: the reports of engines, and the passing of time.

Positions are samples of the user's audio at SPEECH_RATE, counted from the connection's start. Every report carries
the number of the order it answers, so that a late one is dropped.
"""

import msgspec

from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import ToolCall
from kouyu.protocol.errors import ProtocolError
from kouyu.protocol.merge import Merged
from kouyu.protocol.tool_round import ToolRound
from kouyu.protocol.uplink import (
    ConversationChatCancel,
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    UnknownEvent,
)
from kouyu.protocol.user_voice import UNKNOWN_VOICE, UserVoice


class AudioReceived(msgspec.Struct, frozen=True):
    """User audio has been decoded up to the sample ``end``."""

    end: int


class PressureChanged(msgspec.Struct, frozen=True):
    """The engines have too much to do, or no longer: then nothing is prepared that may be thrown away."""

    is_high: bool


class SpeechProbability(msgspec.Struct, frozen=True):
    """Voice activity's judgement of the chunk of audio that ends before the sample ``end``: 0 to 1.

    ``levels`` are the levels of equal parts of the chunk in dBFS, oldest first; empty where they are not known.
    """

    end: int
    probability: float
    levels: tuple[float, ...] = ()


class TranscriptReady(msgspec.Struct, frozen=True):
    """The answer to a Transcribe order; ``language`` is an ISO 639-1 code, ``voice`` what the voice tells."""

    order: int
    text: str
    language: str
    voice: UserVoice = UNKNOWN_VOICE


class TranscriptFailed(msgspec.Struct, frozen=True):
    """A Transcribe order could not be carried out; ``reason`` may be shown to the client."""

    order: int
    reason: str


class TurnJudged(msgspec.Struct, frozen=True):
    """The answer to a JudgeTurn order: how likely the user has finished, 0 to 1."""

    order: int
    completeness: float


class ReplyDelta(msgspec.Struct, frozen=True):
    """The next characters of the answer to a StartReply order."""

    order: int
    text: str


class ReplyWithdrawn(msgspec.Struct, frozen=True):
    """The last ``characters`` of the answer to a StartReply order are no part of it: they were thought."""

    order: int
    characters: int


class ReplyToolsCalled(msgspec.Struct, frozen=True):
    """The agent runs tools on the server; the turn is certain."""

    order: int
    calls: tuple[ToolCall, ...]


class ReplyToolsRan(msgspec.Struct, frozen=True):
    """The tools on the server have run."""

    order: int
    round: ToolRound


class ReplyToolCalls(msgspec.Struct, frozen=True):
    """The agent waits for the client's tools."""

    order: int
    calls: tuple[ToolCall, ...]
    input_tokens: int = 0
    output_tokens: int = 0


class ReplyFinished(msgspec.Struct, frozen=True):
    """The agent has said everything, or as much as it may: then ``cut`` says which limit ended the answer."""

    order: int
    input_tokens: int
    output_tokens: int
    cut: str = ""


class ReplyFailed(msgspec.Struct, frozen=True):
    """The agent could not answer; ``reason`` may be shown to the client."""

    order: int
    reason: str


ReplyReport = (
    ReplyDelta | ReplyWithdrawn | ReplyToolsCalled | ReplyToolsRan | ReplyToolCalls | ReplyFinished | ReplyFailed
)
"""What comes of a StartReply order."""


class SpeechAudio(msgspec.Struct, frozen=True):
    """The next packet of a Speak order, encoded in the client's format, ``duration_ms`` long when played."""

    order: int
    packet: bytes
    duration_ms: float


class SpeechFinished(msgspec.Struct, frozen=True):
    """A Speak order is done: all its packets have been reported."""

    order: int


class SpeechFailed(msgspec.Struct, frozen=True):
    """A Speak order could not be carried out to its end."""

    order: int
    reason: str


class OpenedConversation(msgspec.Struct, frozen=True):
    """The conversation that a ``chat.update`` names, and its current section."""

    conversation_id: str
    section_id: str


class NotOpened(msgspec.Struct, frozen=True):
    """The conversation that a ``chat.update`` names cannot be gone on with; ``why`` is a sentence's second half."""

    why: str


class ConfigurationUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A ``chat.update`` that was read (``Conversation.read``) and whose references were looked up.

    ``misspelt`` says which unknown fields may be misspelt known ones. ``conversation`` is what was found of the
    conversation that it names; None where it names none, or the one in force. ``origin_message`` is the uplink text,
    for the error event.
    """

    merged: Merged[Configuration]
    misspelt: tuple[str, ...] = ()
    conversation: OpenedConversation | NotOpened | None = None
    origin_message: str | None = None


class ConnectionResumed(msgspec.Struct, frozen=True):
    """The client has dialled again after its connection was lost, and sends no ``chat.update``: it goes on with what
    was asked for, and in the conversation, of that one."""

    requested: Configuration
    conversation: OpenedConversation


class ClientFault(msgspec.Struct, frozen=True):
    """The client sent what could not be read: no event, or audio that does not decode. ``origin_message`` is the uplink
    text."""

    fault: ProtocolError
    origin_message: str | None = None


class ReferenceUnknown(msgspec.Struct, frozen=True):
    """What the client names is not here, which is no error: ``what`` is, say, "no uploaded file '7'"."""

    what: str


class PacketGone(msgspec.Struct, frozen=True):
    """A packet with this number (``Send.packet``) has left for the client just now, or was ``dropped`` before."""

    number: int
    dropped: bool = False


class SectionBegan(msgspec.Struct, frozen=True):
    """A new section of a conversation began elsewhere, which may be this conversation, and is on disk."""

    conversation_id: str
    section_id: str


class ClientJoined(msgspec.Struct, frozen=True):
    """The connection is there; the first input."""


class ClientLeft(msgspec.Struct, frozen=True):
    """The connection has ended."""


class TimePassed(msgspec.Struct, frozen=True):
    """Nothing happened but time: a deadline may have come."""


Input = (
    ConfigurationUpdate
    | ConnectionResumed
    | ClientFault
    | ReferenceUnknown
    | UnknownEvent
    | InputAudioBufferComplete
    | InputAudioBufferClear
    | ConversationMessageCreate
    | ConversationClear
    | SubmitToolOutputs
    | ConversationChatCancel
    | InputTextGenerateAudio
    | AudioReceived
    | SpeechProbability
    | PressureChanged
    | TranscriptReady
    | TranscriptFailed
    | TurnJudged
    | ReplyReport
    | SpeechAudio
    | SpeechFinished
    | SpeechFailed
    | PacketGone
    | SectionBegan
    | ClientJoined
    | ClientLeft
    | TimePassed
)
