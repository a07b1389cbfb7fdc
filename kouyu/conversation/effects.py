"""What the conversation core orders. The session carries effects out in the order given.

Send and the saving effects share one ordered way out: what a later Send tells the client is on disk by then.
"""

import msgspec

from kouyu.protocol.configuration import Configuration, InputAudio
from kouyu.protocol.downlink import Chat, DownlinkEvent, Message
from kouyu.protocol.tool_round import ToolRound


class Sounding(msgspec.Struct, frozen=True):
    """What the client is taken to play: the next ``duration_ms`` of an item's sound, from the time ``starts_at`` on."""

    item: int
    duration_ms: float
    starts_at: float


class Send(msgspec.Struct, frozen=True):
    """Send this event to the client. ``sounding``: the sound that is in it. ``packet``: its number, where PacketGone is
    to tell when it has left."""

    event: DownlinkEvent
    sounding: Sounding | None = None
    packet: int | None = None


class Withheld(msgspec.Struct, frozen=True):
    """An event that the client has not subscribed to: for those who follow the conversation, not to be sent."""

    event: DownlinkEvent


class FlushPlayback(msgspec.Struct, frozen=True):
    """The client throws away what it has not played, and audio that has not left for it must not."""


class Hint(msgspec.Struct, frozen=True):
    """Something that the client does looks like a mistake: for the log and the diagnostics, not for the client. Each
    comes once in a connection. It quotes names and ids, and nothing that was said."""

    message: str


class SaveMessage(msgspec.Struct, frozen=True):
    """Keep this message, said in a chat with ``user_id``. ``tool_call_id``: the call that it is or belongs to."""

    message: Message
    created_at: int
    user_id: str = ""
    tool_call_id: str = ""


class TrimMessage(msgspec.Struct, frozen=True):
    """Of this saved answer only ``heard`` was heard: the model's context takes that, the record keeps the whole."""

    message_id: str
    heard: str


class SaveChat(msgspec.Struct, frozen=True):
    """Keep the state of this chat with ``user_id``, replacing what was kept of it."""

    chat: Chat
    user_id: str = ""


class SaveSection(msgspec.Struct, frozen=True):
    """A new section of the conversation begins, for ``user_id``; nothing older is context any more."""

    conversation_id: str
    section_id: str
    user_id: str = ""


class Transcribe(msgspec.Struct, frozen=True):
    """Recognise the user's audio from sample ``start`` to before ``end``.

    ``final``: the utterance is over, or may be; otherwise this is for an interim transcript.
    """

    order: int
    start: int
    end: int
    final: bool
    configuration: Configuration


class CancelTranscribe(msgspec.Struct, frozen=True):
    """Nobody waits for this transcript any more."""

    order: int


class JudgeTurn(msgspec.Struct, frozen=True):
    """Judge whether the user, silent for a moment, has finished: the audio from sample ``start`` to before ``end``.

    ``transcript`` is what has been recognised of it so far, or ""; ``language`` is its ISO 639-1 code, or "".
    """

    order: int
    start: int
    end: int
    transcript: str
    language: str


class CancelJudgement(msgspec.Struct, frozen=True):
    """Nobody waits for this judgement any more."""

    order: int


class UseInputFormat(msgspec.Struct, frozen=True):
    """From the next piece of audio on the user's audio comes in this format."""

    input_audio: InputAudio


class ForgetAudio(msgspec.Struct, frozen=True):
    """User audio before the sample ``before`` will not be asked for again."""

    before: int


class StartReply(msgspec.Struct, frozen=True):
    """Ask the agent. The session adds the section's earlier messages; ``question`` is the last one.

    ``tool_rounds`` are the tools that have run for this question already.
    """

    order: int
    question: Message
    tool_rounds: tuple[ToolRound, ...]
    configuration: Configuration


class ReadAhead(msgspec.Struct, frozen=True):
    """The user is speaking; the question so far is this. An agent whose model can take in a question before it is whole
    may do so; nothing is reported. An order to ask the agent ends it."""

    question: Message
    configuration: Configuration


class CommitReply(msgspec.Struct, frozen=True):
    """The turn is certain: the agent that this StartReply asked may do what cannot be undone."""

    order: int


class CancelReply(msgspec.Struct, frozen=True):
    """Stop the agent: close its stream so that the model stops generating."""

    order: int


class Speak(msgspec.Struct, frozen=True):
    """Synthesise ``text`` in the configured voice and format and report its packets.

    ``item`` is the answer or announcement it is part of; an item has one Speak order at a time, and its sound goes on
    without a seam. ``first`` marks an item's first sentence. ``urgent``: little of the item has been made yet, so that
    a wait would be heard. ``chat_id`` is NO_ID for announcements.
    """

    order: int
    item: int
    text: str
    first: bool
    urgent: bool
    configuration: Configuration
    chat_id: str


class CancelSpeech(msgspec.Struct, frozen=True):
    """Stop this synthesis; packets still on their way are dropped."""

    order: int


Effect = (
    Send
    | Withheld
    | FlushPlayback
    | Hint
    | SaveMessage
    | TrimMessage
    | SaveChat
    | SaveSection
    | UseInputFormat
    | Transcribe
    | CancelTranscribe
    | JudgeTurn
    | CancelJudgement
    | ForgetAudio
    | ReadAhead
    | StartReply
    | CommitReply
    | CancelReply
    | Speak
    | CancelSpeech
)
