"""Who speaks, where ``voice_print_config`` asks for it: in the transcript's event and in the message that is kept."""

from collections.abc import Mapping
from typing import Final, Self

import msgspec

_META_DATA_CHARACTERS: Final = 512
"""The most that one value of ``meta_data`` holds."""


class VoicePrint(msgspec.Struct, frozen=True, kw_only=True):
    """Who of a voiceprint group speaks, and how surely: 0 to 100. Named as in ``speaker_identify`` (rest.md 2.5)."""

    group_id: str
    feature_id: str
    feature_name: str
    feature_desc: str
    score: float

    @property
    def spoken_of(self) -> str:
        """The name, and what is known of the speaker."""
        return f"{self.feature_name}, {self.feature_desc}" if self.feature_desc else self.feature_name

    def as_meta_data(self) -> dict[str, str]:
        """The same as texts, for a message's ``meta_data``."""
        return {
            f"voice_print_{name}": str(value)[:_META_DATA_CHARACTERS]
            for name, value in msgspec.structs.asdict(self).items()
        }

    @classmethod
    def of_meta_data(cls, meta_data: Mapping[str, str]) -> Self | None:
        """Who spoke a message; None where it does not say."""
        given = {name: meta_data.get(f"voice_print_{name}", "") for name in cls.__struct_fields__}
        try:
            return msgspec.convert(given, cls, strict=False) if given["feature_id"] else None
        except msgspec.ValidationError:
            return None
