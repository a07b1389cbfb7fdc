"""The limits on recordings that are kept."""

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """Limits: how long recordings are kept, and how many bytes in all."""

    days: int
    max_bytes: int
