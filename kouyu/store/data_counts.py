"""How much of a person's data was exported or deleted."""

import msgspec


class DataCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported or deleted, as counts."""

    conversations: int = 0
    messages: int = 0
    recordings: int = 0
    sessions: int = 0
    """Session records."""
    files: int = 0
    voiceprints: int = 0
    variables: int = 0

    def plus(self, other: "DataCounts") -> "DataCounts":
        """The sum of both."""
        return DataCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    def __str__(self) -> str:
        counts = msgspec.structs.asdict(self).items()
        return ", ".join(f"{count} {name}" for name, count in counts if count) or "nothing"
