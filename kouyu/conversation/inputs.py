"""The inputs of the conversation core besides the client's requests: reports of engines and the session, and time.

Positions are samples of the user's audio at SPEECH_RATE, counted from the connection's start. Every report carries
the number of the order it answers, so that a late one is dropped.
"""

import msgspec

from kouyu.domain.client_words import ClientWords
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import Request
from kouyu.domain.tool_calls import ToolCall
from kouyu.domain.tool_round import ToolRound
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice


class AudioReceived(msgspec.Struct, frozen=True):
    """The session has decoded the user's audio up to the sample ``end``."""

    end: int


class PressureChanged(msgspec.Struct, frozen=True):
    """The engines became overloaded, or are no longer. Under overload the core does not speculate."""

    is_high: bool


class SpeechProbability(msgspec.Struct, frozen=True):
    """VAD's speech probability (0 to 1) for the chunk that ends before the sample ``end``.

    ``levels`` are the levels of equal parts of the chunk in dBFS, oldest first; empty if unknown. ``echo``: the chunk
    is the agent's own voice, and ``probability`` is 0 therefore.
    """

    end: int
    probability: float
    levels: tuple[float, ...] = ()
    echo: bool = False


class TranscriptReady(msgspec.Struct, frozen=True):
    """The answer to a Transcribe order; ``language`` is an ISO 639-1 code, ``voice`` describes the speaker."""

    order: int
    text: str
    language: str
    voice: UserVoice = UNKNOWN_VOICE


class TranscriptFailed(msgspec.Struct, frozen=True):
    """A Transcribe order failed; ``reason`` may be shown to the client."""

    order: int
    reason: str


class TurnJudged(msgspec.Struct, frozen=True):
    """The answer to a JudgeTurn order: the probability (0 to 1) that the user has finished."""

    order: int
    completeness: float


class ReplyDelta(msgspec.Struct, frozen=True):
    """The next characters of the answer to a StartReply order."""

    order: int
    text: str


class ReplyWithdrawn(msgspec.Struct, frozen=True):
    """The last ``characters`` of the answer to a StartReply order were reasoning and are removed from it."""

    order: int
    characters: int


class ReplyToolsCalled(msgspec.Struct, frozen=True):
    """The agent runs tools on the server, which it does only after CommitReply."""

    order: int
    calls: tuple[ToolCall, ...]


class ReplyToolsRan(msgspec.Struct, frozen=True):
    """The tools on the server have run."""

    order: int
    round: ToolRound


class ReplyToolCalls(msgspec.Struct, frozen=True):
    """The agent waits for outputs of the client's tools."""

    order: int
    calls: tuple[ToolCall, ...]
    input_tokens: int = 0
    output_tokens: int = 0


class ReplyFinished(msgspec.Struct, frozen=True):
    """The agent finished its answer; ``cut`` names the limit that ended it, or is ""."""

    order: int
    input_tokens: int
    output_tokens: int
    cut: str = ""


class ReplyFailed(msgspec.Struct, frozen=True):
    """The agent failed; ``reason`` may be shown to the client."""

    order: int
    reason: str


ReplyReport = (
    ReplyDelta | ReplyWithdrawn | ReplyToolsCalled | ReplyToolsRan | ReplyToolCalls | ReplyFinished | ReplyFailed
)
"""The reports that answer a StartReply order."""


class SpeechAudio(msgspec.Struct, frozen=True):
    """The next packet of a Speak order, encoded in the client's format, ``duration_ms`` long when played."""

    order: int
    packet: bytes
    duration_ms: float


class SpeechFinished(msgspec.Struct, frozen=True):
    """A Speak order finished: all its packets have been reported."""

    order: int


class SpeechFailed(msgspec.Struct, frozen=True):
    """A Speak order failed; packets reported before stay valid."""

    order: int
    reason: str


SpeechReport = SpeechAudio | SpeechFinished | SpeechFailed
"""The reports that answer a Speak order."""


class OpenedConversation(msgspec.Struct, frozen=True):
    """The conversation that a configuration names, and its current section."""

    conversation_id: str
    section_id: str


class NotOpened(msgspec.Struct, frozen=True):
    """The conversation that a configuration names cannot be continued; ``why`` is the predicate of a sentence."""

    why: str


class ConfigurationUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The client requests another configuration; what it refers to has been looked up.

    ``requested`` is the whole configuration, in which the parts that ``faults`` are about are as before.
    ``misspelt`` describes unknown fields that may be misspelt known ones. ``conversation`` is the result of looking up
    the conversation that it names; None if it names none, or the one in force. ``origin`` is that of the request.
    """

    requested: Configuration
    options: SessionOptions = SessionOptions()
    faults: tuple[InvalidField, ...] = ()
    misspelt: tuple[str, ...] = ()
    conversation: OpenedConversation | NotOpened | None = None
    origin: str | None = None


class ConnectionResumed(msgspec.Struct, frozen=True):
    """The client reconnected after a lost connection without requesting a configuration: it continues with the
    requested configuration and the conversation of the lost connection."""

    requested: Configuration
    conversation: OpenedConversation
    options: SessionOptions = SessionOptions()


class ClientFault(msgspec.Struct, frozen=True):
    """The client sent a malformed message, or audio that does not decode. ``origin`` is that of the message."""

    fault: ProtocolError
    origin: str | None = None


class ReferenceUnknown(msgspec.Struct, frozen=True):
    """The client refers to something unknown, which is not an error. ``what``: for example "no uploaded file '7'"."""

    what: str


class PacketGone(msgspec.Struct, frozen=True):
    """The packet with this number (``Send.packet``) was written to the socket, or was ``dropped`` before that."""

    number: int
    dropped: bool = False


class SectionBegan(msgspec.Struct, frozen=True):
    """Another connection or request began a section of some conversation, perhaps this one, and saved it."""

    conversation_id: str
    section_id: str


class ClientJoined(msgspec.Struct, frozen=True):
    """The client connected. Always the first input. ``words``: what its protocol calls things."""

    words: ClientWords = ClientWords()


class ClientLeft(msgspec.Struct, frozen=True):
    """The client disconnected."""


class TimePassed(msgspec.Struct, frozen=True):
    """Time passed without another input: a deadline may be due."""


ClientInput = ConfigurationUpdate | ConnectionResumed | ClientFault | ReferenceUnknown | Request
"""What the client asks for, and what was found wrong or unknown in it."""

Input = (
    ClientInput
    | AudioReceived
    | SpeechProbability
    | PressureChanged
    | TranscriptReady
    | TranscriptFailed
    | TurnJudged
    | ReplyReport
    | SpeechReport
    | PacketGone
    | SectionBegan
    | ClientJoined
    | ClientLeft
    | TimePassed
)
