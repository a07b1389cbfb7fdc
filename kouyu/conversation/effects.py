"""The effects that the conversation core returns. The session carries them out in order.

Send and the saving effects share one queue: what a Send reports was saved to disk before it is sent.
"""

import msgspec

from kouyu.domain.chats import Chat
from kouyu.domain.configuration import Configuration, InputAudio
from kouyu.domain.events import Event
from kouyu.domain.messages import Message
from kouyu.domain.options import AnswerOptions
from kouyu.domain.tool_round import ToolRound


class Sounding(msgspec.Struct, frozen=True):
    """Estimated playout: the client plays the next ``duration_ms`` of an item's audio from ``starts_at`` on."""

    item: int
    duration_ms: float
    starts_at: float


class OpeningLine(msgspec.Struct, frozen=True):
    """What the user heard of an opening line. ``id`` is larger than those of the messages before it, and smaller than
    those of the messages after it."""

    text: str
    id: str


class Send(msgspec.Struct, frozen=True):
    """Tell the client of this event, in the words of its protocol, if that has any for it. ``sounding``: the audio in
    it. ``packet``: its number, if the session must report with PacketGone when it has left. ``apart``: it tells of an
    answer apart from the conversation, whose audio stays when the output is interrupted."""

    event: Event
    sounding: Sounding | None = None
    packet: int | None = None
    apart: bool = False


class FlushPlayback(msgspec.Struct, frozen=True):
    """Drop the audio that has not left for the client, but for that of answers apart: the client flushes its playback
    now."""


class Hint(msgspec.Struct, frozen=True):
    """Report a likely mistake of the client's developer to the log and to diagnostics, once per connection. It quotes
    names and ids, never speech."""

    message: str


class SaveMessage(msgspec.Struct, frozen=True):
    """Save this message of a chat with ``user_id``. ``tool_call_id``: the tool call that it is or belongs to.
    ``after``: the message that it follows, NO_ID for none; None: it becomes the last of its section."""

    message: Message
    created_at: int
    user_id: str = ""
    tool_call_id: str = ""
    after: str | None = None


class TrimMessage(msgspec.Struct, frozen=True):
    """Limit a saved answer to ``heard``, the part that was heard, in the model's context; the record keeps it whole."""

    message_id: str
    heard: str


class EraseMessage(msgspec.Struct, frozen=True):
    """Delete a saved message: the client removed it."""

    conversation_id: str
    message_id: str


class SaveChat(msgspec.Struct, frozen=True):
    """Save the state of this chat with ``user_id``, replacing its saved state."""

    chat: Chat
    user_id: str = ""


class SaveSection(msgspec.Struct, frozen=True):
    """Begin a new section of the conversation for ``user_id``; older messages leave the model's context."""

    conversation_id: str
    section_id: str
    user_id: str = ""


class Transcribe(msgspec.Struct, frozen=True):
    """Recognise the user's audio from sample ``start`` to before ``end``.

    ``final``: the utterance is or may be over, so a final transcript is needed; otherwise an interim one.
    """

    order: int
    start: int
    end: int
    final: bool
    configuration: Configuration


class CancelTranscribe(msgspec.Struct, frozen=True):
    """Cancel a Transcribe order."""

    order: int


class JudgeTurn(msgspec.Struct, frozen=True):
    """Estimate, at a pause, whether the user has finished, from the audio from sample ``start`` to before ``end``.

    ``transcript`` is its interim transcript, or ""; ``language`` the transcript's ISO 639-1 code, or "".
    """

    order: int
    start: int
    end: int
    transcript: str
    language: str


class CancelJudgement(msgspec.Struct, frozen=True):
    """Cancel a JudgeTurn order."""

    order: int


class UseInputFormat(msgspec.Struct, frozen=True):
    """Decode the user's audio in this format from the next ``append`` on."""

    input_audio: InputAudio


class ForgetAudio(msgspec.Struct, frozen=True):
    """Free the user's audio before the sample ``before``: no later order needs it."""

    before: int


class StartReply(msgspec.Struct, frozen=True):
    """Request a reply from the agent. The session adds the section's earlier messages; ``question`` is the last one.

    Its content is empty where the agent is to speak without a question. ``tool_rounds`` are the tool rounds that have
    run for this question; ``opening_lines`` were spoken in its section, and are not saved.
    """

    order: int
    question: Message
    tool_rounds: tuple[ToolRound, ...]
    configuration: Configuration
    opening_lines: tuple[OpeningLine, ...] = ()
    options: AnswerOptions = AnswerOptions()


class ReadAhead(msgspec.Struct, frozen=True):
    """Prefill the agent's model with the interim transcript of the question, where the agent can. Nothing is reported;
    the next StartReply ends it, unless it asks the same question."""

    question: Message
    configuration: Configuration
    draft: bool
    """Whether to draft the beginning of an answer as well, because the question may be complete."""
    opening_lines: tuple[OpeningLine, ...] = ()
    options: AnswerOptions = AnswerOptions()


class CommitReply(msgspec.Struct, frozen=True):
    """Commit the turn: the agent of this StartReply may now run tools, whose effects cannot be undone."""

    order: int


class CancelReply(msgspec.Struct, frozen=True):
    """Stop the agent: close its stream so that the model stops generating."""

    order: int


class Speak(msgspec.Struct, frozen=True):
    """Synthesise ``text`` in the configured voice and format and report its packets.

    ``item`` is the answer or announcement it is part of; an item has one Speak order at a time, and its audio is
    continuous across them. ``first`` marks an item's first sentence. ``urgent``: little of the item's audio exists, so
    that a delay would be audible. ``chat_id`` is NO_ID for announcements.
    """

    order: int
    item: int
    text: str
    first: bool
    urgent: bool
    configuration: Configuration
    chat_id: str


class CancelSpeech(msgspec.Struct, frozen=True):
    """Cancel a Speak order and drop its packets that have not been reported."""

    order: int


Effect = (
    Send
    | FlushPlayback
    | Hint
    | SaveMessage
    | TrimMessage
    | EraseMessage
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
