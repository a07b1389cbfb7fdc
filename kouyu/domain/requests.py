"""What a client asks of a conversation, in no protocol's terms. Each protocol reads its messages as these requests, and
checks them: their texts are of allowed length, and their parts known.

``origin`` is what the protocol wants back to tell which message an event answers, such as the message or its id; the
core does not look into it. The configuration is requested by ``ConfigurationUpdate`` (conversation/inputs.py), which
takes looking up; audio reaches the core as positions.
"""

from typing import Literal

import msgspec

from kouyu.domain.options import AnswerOptions
from kouyu.domain.tool_calls import ToolOutput


class CompleteBuffer(msgspec.Struct, frozen=True):
    """Push to talk: the user has finished. ``answer``: begin an answer; otherwise the turn is saved as context."""

    answer: bool = True


class ClearBuffer(msgspec.Struct, frozen=True):
    """Push to talk: discard the audio since the last CompleteBuffer."""


class WriteMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Add a message to the conversation. ``content`` is a text, or with ``object_string`` the JSON text of parts
    (``domain/content.py``). Carried out as MessageCompleted and ChatBegan with ``answer``, else as MessageWritten."""

    role: Literal["user", "assistant", "system"]
    content: str
    content_type: Literal["text", "object_string"] = "text"
    answer: bool = True
    """Interrupt the output and answer this message, which is the user's; otherwise it becomes context."""
    after: str | None = None
    """The id of the message that it follows; NO_ID: none, it becomes the first. None: it becomes the last."""
    origin: str | None = None


class RemoveMessage(msgspec.Struct, frozen=True):
    """Remove a message from the conversation: from the model's context and from the store."""

    message_id: str
    origin: str | None = None


class ReportPlayback(msgspec.Struct, frozen=True):
    """The client has played ``played_ms`` of an answer's audio and dropped the rest: only that was heard. It may come
    before or after the core's own interruption of it, or after the answer's end."""

    message_id: str
    played_ms: int
    origin: str | None = None


class StartSection(msgspec.Struct, frozen=True):
    """Begin a new section: the messages so far leave the model's context."""


class AnswerNow(msgspec.Struct, frozen=True, kw_only=True):
    """Answer the conversation as it is, without a new question, once the turns that have ended are in it. Refused while
    an answer runs or is due; with ``options.is_apart`` while too many of those run."""

    options: AnswerOptions = AnswerOptions()
    origin: str | None = None


class SubmitOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """The outputs of the client's tools for the chat that waits for them (ActionRequired), one for each call."""

    chat_id: str
    outputs: tuple[ToolOutput, ...]
    options: AnswerOptions = AnswerOptions()
    """For what follows of the answer; they come before those that the chat has had."""
    origin: str | None = None


class CancelOutput(msgspec.Struct, frozen=True):
    """Stop the running chat or announcement and its audio, but no answer apart from the conversation."""


class CancelAnswer(msgspec.Struct, frozen=True):
    """Stop one answer apart from the conversation. Nothing follows if it is over already."""

    chat_id: str


class Announce(msgspec.Struct, frozen=True):
    """Speak ``text``, not blank, as it is, without asking the agent. Not part of the conversation."""

    text: str


class UnknownRequest(msgspec.Struct, frozen=True):
    """A message of an unknown type: it is ignored, with a hint for the client's developer. ``meant`` is the known type
    that is probably meant, or ""."""

    name: str
    meant: str = ""


Request = (
    CompleteBuffer
    | ClearBuffer
    | WriteMessage
    | RemoveMessage
    | ReportPlayback
    | StartSection
    | AnswerNow
    | SubmitOutputs
    | CancelOutput
    | CancelAnswer
    | Announce
    | UnknownRequest
)
