"""The transcript of an utterance, with what is known of its speaker."""

import msgspec

from kouyu.domain.user_voice import Gender, UserEmotion
from kouyu.domain.voice_print import VoicePrint


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True):
    """The transcript so far, always the whole text; the final one also has the speaker, gender and emotion, if they are
    requested and known."""

    content: str
    voice_print: VoicePrint | None = None
    gender: Gender | None = None
    emotion: UserEmotion | None = None
