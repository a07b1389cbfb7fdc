"""What a chat answers, and how it is to be answered."""

import msgspec

from kouyu.domain.messages import ContentType
from kouyu.domain.options import AnswerOptions, SessionOptions
from kouyu.domain.requests import AnswerNow
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The user's message. Without content there is none: the agent answers the section as it is.

    ``voice`` describes the speaker. ``message_id`` is the message's id, a new one if "".
    """

    content: str = ""
    content_type: ContentType = "text"
    voice: UserVoice = UNKNOWN_VOICE
    message_id: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an AnswerNow asks of the answer that it begins. ``origin`` is that of the request; None for an answer that
    no request has asked for."""

    options: AnswerOptions = AnswerOptions()
    origin: str | None = None


NOT_ASKED = Asked()
"""For the answers that speech or a message begins."""


def asked_by(request: AnswerNow, session: SessionOptions) -> Asked:
    """What ``request`` asks for, without options that are those of the session anyway."""
    options, usual = request.options, session.answers
    given = {name: getattr(options, name) for name in options.__struct_fields__}
    if given["spoken"] == session.is_spoken:
        given["spoken"] = None
    own = {name: None if value == getattr(usual, name) else value for name, value in given.items()}
    return Asked(options=AnswerOptions(**own), origin=request.origin)
