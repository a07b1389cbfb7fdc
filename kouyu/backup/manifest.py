"""What a backup holds: the last member of its tar archive, so that a backup that was cut off has none."""

from typing import Final, Literal

import msgspec

FORMAT: Final = 1
"""The layout of the archive; a later layout has a higher number."""
MANIFEST_FILE: Final = "manifest.json"


class BackupError(Exception):
    """A backup cannot be made or restored. The text says why, and what helps."""


class Entry(msgspec.Struct, frozen=True):
    """A file of the backup. ``name`` is its path in the data folder, with ``/``; ``size`` is in bytes."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, and which kouyu can use it."""

    format: int = FORMAT
    kouyu: str
    """The version of kouyu that made it."""
    created_at: int
    """Unix seconds."""
    database: Literal["sqlite", "none"]
    """"none": the database is on PostgreSQL, and its dump belongs to this backup."""
    schema_version: int = 0
    release: str = ""
    """The oldest kouyu that can use the database; "" if unknown."""
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.entries)
