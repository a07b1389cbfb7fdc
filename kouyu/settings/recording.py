"""The settings of session records."""

import msgspec

from kouyu.settings.kinds import Count
from kouyu.store.sound_bounds import Bounds


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[recording]: session records, with which a session can be run again (`kouyu replay`)."""

    sessions: bool = False
    """Record all that goes into a conversation, its audio included; never chats with ``auto_save_history`` off."""
    on_request: bool = False
    """Let a client ask for a record of its own connection (``record=true`` in the URL of ``/v1/chat``)."""
    keep_days: Count = 14
    """Days after which records are deleted."""
    keep_mb: Count = 1000
    """Most megabytes of all records; beyond it the oldest are deleted."""
    session_mb: Count = 100
    """Most megabytes of one record, which ends there: about an hour of talk."""

    @property
    def bounds(self) -> Bounds:
        """The limits on records; earlier ones expire also after ``sessions`` was turned off."""
        return Bounds(self.keep_days, self.keep_mb * 1_000_000)
