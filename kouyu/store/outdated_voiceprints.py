"""Voiceprints that another speaker encoder made: they cannot be compared until they are made anew."""

from typing import Final

import msgspec
from sqlalchemy import Connection, select, update

from kouyu.store.database import Database
from kouyu.store.tables import voiceprint_features as features


class OutdatedVoiceprint(msgspec.Struct, frozen=True, kw_only=True):
    """A speaker's voiceprint that another encoder, ``model``, made."""

    id: str
    model: str
    has_audio: bool
    """Whether the enrolled speech is kept."""


class _Replace(msgspec.Struct, frozen=True):
    """Returns False where the speaker was deleted or enrolled again in the meantime."""

    outdated: OutdatedVoiceprint
    model: str
    vector: bytes

    def apply(self, connection: Connection) -> bool:
        unchanged = (features.c.id == self.outdated.id) & (features.c.model == self.outdated.model)
        new = update(features).where(unchanged).values(model=self.model, vector=self.vector)
        return connection.execute(new).rowcount > 0


class OutdatedVoiceprints:
    """Finds such voiceprints of all groups, and replaces them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_others_than(self, model: str) -> tuple[OutdatedVoiceprint, ...]:
        """All that another encoder than ``model`` made."""
        query = select(*_OUTDATED).where(features.c.model != model).order_by(features.c.id)
        return await self._database.records(query, OutdatedVoiceprint)

    async def audio(self, outdated: OutdatedVoiceprint) -> bytes | None:
        """The enrolled speech as a WAV file; None if it was deleted in the meantime."""
        audio: bytes | None = await self._database.scalar(select(features.c.audio).where(features.c.id == outdated.id))
        return audio

    async def replace(self, outdated: OutdatedVoiceprint, *, model: str, vector: bytes) -> bool:
        """Replace the voiceprint alone. Returns False if the speaker was deleted or enrolled again in the meantime.

        The old voiceprint stays in the database's log until ``leave_no_trace``.
        """
        return await self._database.write_one(_Replace(outdated, model, vector))

    async def leave_no_trace(self) -> None:
        """Remove what was replaced from the disk too."""
        await self._database.leave_no_trace(features.name)


_OUTDATED: Final = (features.c.id, features.c.model, features.c.audio.is_not(None).label("has_audio"))
