"""The identified speaker, in the transcript's event and in the saved message, if ``voice_print_config`` requests it."""

from collections.abc import Mapping
from typing import Final, Self

import msgspec

_META_DATA_CHARACTERS: Final = 512
"""Characters of the longest allowed value of ``meta_data``."""


class VoicePrint(msgspec.Struct, frozen=True, kw_only=True):
    """The best match in a voiceprint group, and its score, 0 to 100. Named as in ``speaker_identify`` (rest.md 2.5)."""

    group_id: str
    feature_id: str
    feature_name: str
    feature_desc: str
    score: float

    @property
    def spoken_of(self) -> str:
        """The speaker's name and description, for the agent."""
        return f"{self.feature_name}, {self.feature_desc}" if self.feature_desc else self.feature_name

    def as_meta_data(self) -> dict[str, str]:
        """The fields as texts for a message's ``meta_data``."""
        return {
            f"voice_print_{name}": str(value)[:_META_DATA_CHARACTERS]
            for name, value in msgspec.structs.asdict(self).items()
        }

    @classmethod
    def of_meta_data(cls, meta_data: Mapping[str, str]) -> Self | None:
        """Parse a message's ``meta_data``; None if it names no speaker."""
        given = {name: meta_data.get(f"voice_print_{name}", "") for name in cls.__struct_fields__}
        try:
            return msgspec.convert(given, cls, strict=False) if given["feature_id"] else None
        except msgspec.ValidationError:
            return None
