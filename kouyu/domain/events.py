"""What the conversation core tells a client, in no protocol's terms. Each protocol translates these events into its
own, in their order, and leaves out what it has no event for.

Order: a chat goes from ChatBegan to exactly one of ChatCompleted, ChatFailed and OutputInterrupted; at most one chat
runs at a time. All else about it comes in between, but for the MessageCompleted of its question, which comes directly
before ChatBegan. What an event reports as saved is on disk when the event is sent. Answers apart from the conversation
(``AnswerOptions.is_apart``) run beside that chat, and end with ChatCancelled instead of OutputInterrupted.

Positions are samples of the user's audio at 16 kHz (SPEECH_RATE), counted from the connection's start; lengths are ms.
Ids are those of ``domain/ids.py``, texts of 19 digits; NO_ID where there is none.
"""

from typing import Literal

import msgspec

from kouyu.domain.chats import Chat
from kouyu.domain.configuration import Configuration
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.domain.options import SessionOptions
from kouyu.domain.transcripts import Transcript

# The connection


class Connected(msgspec.Struct, frozen=True):
    """The connection is ready. Always the first event."""


class Configured(msgspec.Struct, frozen=True):
    """The client's request for a configuration was applied: the whole configuration in force, and the options."""

    configuration: Configuration
    options: SessionOptions = SessionOptions()


class Resumed(msgspec.Struct, frozen=True):
    """The connection continues one that was lost, with this configuration and these options. The client is not told."""

    configuration: Configuration
    options: SessionOptions = SessionOptions()


class RequestRefused(msgspec.Struct, frozen=True):
    """A request was refused, or a part of one; the connection continues.

    ``code`` is one of ``domain/errors.py``, ``msg`` names field, value and allowed range, ``field`` is the path of the
    one invalid field, or "". ``origin``: that of the refused request.
    """

    code: int
    msg: str
    field: str = ""
    origin: str | None = None


class SectionCleared(msgspec.Struct, frozen=True):
    """A new section began (StartSection): the earlier messages have left the model's context."""


# Chats. Their times are Unix seconds.


class ChatBegan(msgspec.Struct, frozen=True):
    """A chat was announced, with the status ``created``: the agent answers a question, or speaks unasked. ``origin`` is
    that of the AnswerNow which began it; None if speech or a message did."""

    chat: Chat
    origin: str | None = None


class ChatInProgress(msgspec.Struct, frozen=True):
    """The agent works on the answer: directly after ChatBegan. A chat that fails at once has none."""

    chat: Chat


class ActionRequired(msgspec.Struct, frozen=True):
    """The chat waits for SubmitOutputs; ``chat.required_action`` has the calls that the client must run. They came as
    MessageCompleted of type ``function_call`` before. With the outputs the same chat goes on."""

    chat: Chat


class ChatCompleted(msgspec.Struct, frozen=True):
    """The chat is over, and all its audio has been sent; ``chat.usage`` has its tokens, ``chat.last_error`` says why
    not all of the answer was spoken, if so. ``cut`` names the limit that ended the answer before its end, or is ""."""

    chat: Chat
    cut: str = ""


class ChatFailed(msgspec.Struct, frozen=True):
    """The chat failed; ``chat.last_error`` says why."""

    chat: Chat


class ChatCancelled(msgspec.Struct, frozen=True):
    """An answer apart from the conversation was stopped (CancelAnswer)."""

    chat: Chat


InterruptionReason = Literal["speech", "client", "content"]
"""Speech of the user, a CancelOutput, or a message or a text to be spoken that the client sent."""


class OutputInterrupted(msgspec.Struct, frozen=True):
    """The output ends here, and the client must drop the audio that it has not played.

    If a chat or an announcement is running, it is over with this event, without its MessageCompleted and ChatCompleted.
    It may have ended before, while the client still played its audio. After CancelOutput this event comes even if
    nothing is running or played.
    """

    reason: InterruptionReason


# Messages


class AnswerDelta(msgspec.Struct, frozen=True):
    """The next characters of an answer, in ``message.content``, or of the agent's reasoning, in
    ``message.reasoning_content``. The last delta of an answer has neither. All have the answer's id."""

    message: Message


class MessageCompleted(msgspec.Struct, frozen=True):
    """A message is final, with its whole content; ``message.type`` tells what it is:

    - ``question``: the user's message, spoken or written, that the next chat answers
    - ``answer``: the answer, with the id of its AnswerDelta and SpeechDelta; its audio may still follow
    - ``function_call``: a call of a tool as JSON with ``name`` and ``arguments``. The client runs only those that
      ActionRequired names; all others run on the server
    - ``tool_response``: the output of a tool, of the client's or of the server's
    - ``follow_up``: a suggested question of the user
    - ``verbose``: Coze's packet that ends the chat's answers

    ``tool_call_id`` is the call that a ``function_call`` or ``tool_response`` is about, or "".
    """

    message: Message
    tool_call_id: str = ""


class MessageWritten(msgspec.Struct, frozen=True):
    """A WriteMessage without an answer was carried out. ``origin`` is that of the request."""

    message: Message
    origin: str | None = None


class MessageRemoved(msgspec.Struct, frozen=True):
    """A RemoveMessage was carried out. ``origin`` is that of the request."""

    message_id: str
    origin: str | None = None


class AnswerCut(msgspec.Struct, frozen=True):
    """A ReportPlayback was carried out: of this answer only the first ``played_ms`` count as heard. ``origin`` is that
    of the request."""

    message_id: str
    played_ms: int
    origin: str | None = None


# Speech of the agent. ``message`` is what is spoken, without its content: the answer of a chat, or an announcement (a
# text that the client had spoken, or the opening line), whose ids are all NO_ID and which has none but these events.


class SentenceBegan(msgspec.Struct, frozen=True):
    """The audio of the next sentence follows. ``text`` is what is spoken, no exact slice of the answer: its white space
    may differ. All audio of the sentence before was sent, or is left out."""

    message: Message
    text: str


class SpeechDelta(msgspec.Struct, frozen=True):
    """A piece of speech in the codec of ``output_audio``, ``duration_ms`` long when played: whole 16-bit samples in
    little-endian order of ``pcm``, one packet of ``opus``. Never empty."""

    message: Message
    audio: bytes
    duration_ms: float


class SpeechPaused(msgspec.Struct, frozen=True):
    """The chat waits for SubmitOutputs (ActionRequired came before), and all speech of the text so far has been sent.
    Comes once for each ActionRequired."""

    message: Message


class SpeechCompleted(msgspec.Struct, frozen=True):
    """All speech of the message has been sent, or no more comes because its chat fails. It comes before ChatCompleted,
    also if nothing was spoken, and before ChatFailed if there was a SentenceBegan; not before OutputInterrupted."""

    message: Message


# Speech of the user. ``message_id`` is the id that the question has as a message; NO_ID if it is not known yet.


class SpeechStarted(msgspec.Struct, frozen=True):
    """Free talk: the user speaks, and this interrupts the output. ``at`` is the first sample of the utterance,
    including what is kept before the first speech (``prefix_padding_ms``)."""

    at: int
    message_id: str = NO_ID


class SpeechStopped(msgspec.Struct, frozen=True):
    """Free talk: the end of the user's turn was found. ``at`` is the sample at which it was, behind the silence that
    ends a turn. Each SpeechStarted has one."""

    at: int
    message_id: str = NO_ID


class BufferCompleted(msgspec.Struct, frozen=True):
    """Push to talk: the user's turn ended with CompleteBuffer; the buffer may be empty, or without speech."""

    message_id: str = NO_ID


class BufferCleared(msgspec.Struct, frozen=True):
    """Push to talk: the audio since the last CompleteBuffer was discarded (ClearBuffer)."""


class TranscriptChanged(msgspec.Struct, frozen=True):
    """The interim transcript of the utterance in progress: always the whole text so far, which may take back words."""

    text: str
    message_id: str = NO_ID


class TranscriptCompleted(msgspec.Struct, frozen=True):
    """The final transcript of an utterance, in the order of the utterances. Its content is empty for a completed buffer
    in which nothing was said. ``duration_ms`` is the length of the audio recognised."""

    transcript: Transcript
    message_id: str = NO_ID
    duration_ms: int = 0


class SpeechDropped(msgspec.Struct, frozen=True):
    """No TranscriptCompleted comes for speech that was reported by SpeechStarted or BufferCompleted: nothing was
    recognised in it, it was discarded, or the next utterance continues it. ``failure`` says why recognition failed, or
    is ""; a chat that fails for this reason may follow."""

    message_id: str = NO_ID
    failure: str = ""


class IdleTimedOut(msgspec.Struct, frozen=True):
    """Nobody spoke for ``SessionOptions.idle_timeout_ms``, from the sample ``start`` to ``end``: the agent will speak
    by itself."""

    start: int
    end: int
    message_id: str = NO_ID


Event = (
    Connected
    | Configured
    | Resumed
    | RequestRefused
    | SectionCleared
    | ChatBegan
    | ChatInProgress
    | ActionRequired
    | ChatCompleted
    | ChatFailed
    | ChatCancelled
    | OutputInterrupted
    | AnswerDelta
    | MessageCompleted
    | MessageWritten
    | MessageRemoved
    | AnswerCut
    | SentenceBegan
    | SpeechDelta
    | SpeechPaused
    | SpeechCompleted
    | SpeechStarted
    | SpeechStopped
    | BufferCompleted
    | BufferCleared
    | TranscriptChanged
    | TranscriptCompleted
    | SpeechDropped
    | IdleTimedOut
)
