"""Speaker, gender and emotion recognised from the user's voice in a turn, if the client requests them."""

from collections.abc import Mapping
from typing import Final, Literal, Self, get_args

import msgspec

from kouyu.domain.voice_print import VoicePrint

Gender = Literal["male", "female"]
"""uplink.md, data.asr_config.enable_gender."""

UserEmotion = Literal["angry", "happy", "neutral", "sad", "surprise"]
"""uplink.md, data.asr_config.enable_emotion."""

_GENDER_KEY: Final = "user_gender"
_EMOTION_KEY: Final = "user_emotion"
"""Key in a message's ``meta_data``."""


class UserVoice(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is None if it was not requested or not recognised."""

    voice_print: VoicePrint | None = None
    """The speaker, from the group in ``voice_print_config``."""
    gender: Gender | None = None
    emotion: UserEmotion | None = None

    def as_meta_data(self) -> dict[str, str]:
        """The known fields as texts for a message's ``meta_data``."""
        known = self.voice_print.as_meta_data() if self.voice_print is not None else {}
        if self.gender is not None:
            known[_GENDER_KEY] = self.gender
        if self.emotion is not None:
            known[_EMOTION_KEY] = self.emotion
        return known

    @classmethod
    def of_meta_data(cls, meta_data: Mapping[str, str]) -> Self:
        """Parse a message's ``meta_data``; invalid values count as unknown."""
        return cls(
            voice_print=VoicePrint.of_meta_data(meta_data),
            gender=next((known for known in get_args(Gender) if known == meta_data.get(_GENDER_KEY)), None),
            emotion=next((known for known in get_args(UserEmotion) if known == meta_data.get(_EMOTION_KEY)), None),
        )


UNKNOWN_VOICE: Final = UserVoice()
