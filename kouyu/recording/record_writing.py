"""Writes session records off the event loop: one thread for all sessions of a server."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec

from kouyu.audio.pcm import Samples, joined
from kouyu.recording.audio_coding import coded
from kouyu.recording.entries import EntryEncoder, Step
from kouyu.recording.frames import MAGIC, Ending, Header, frame
from kouyu.store.session_records import SessionRecordFiles

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_WAITING: Final = 30
"""Batches of one session that may wait for the disk: a minute of it. Beyond that the record ends."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What two seconds of a session added to its record."""

    steps: Sequence[Step]
    audio: Sequence[Samples]
    audio_start: int
    """The position of the first sample."""
    conversation_id: str
    is_settled: bool
    """Whether at its end the user does not speak and no chat runs: none of it belongs to a later chat."""
    has_message: bool
    """Whether a message is saved in it."""


class RecordWriter:
    """Writes the record of one session. Its methods are called on the event loop and return at once."""

    def __init__(
        self, executor: ThreadPoolExecutor, files: SessionRecordFiles, header: Header, *, max_bytes: int
    ) -> None:
        self._executor = executor
        self._given = 0
        self._work = _WritingThread(files, header, max_bytes)

    @property
    def stopped(self) -> str:
        """Why nothing more is recorded; "" while it goes on."""
        return self._work.stopped

    def put(self, batch: Batch) -> None:
        """Queue a batch."""
        if self._given - self._work.done >= MOST_WAITING:
            self._work.stopped = self._work.stopped or "the disk is too slow"
            return
        self._given += 1
        self._executor.submit(self._work.write, batch)

    def finish(self, reason: str) -> None:
        """End the record."""
        self._executor.submit(self._work.finish, reason)

    def cut(self, reason: str) -> None:
        """End the record behind the last settled batch, and delete it if no message was saved up to there."""
        self._executor.submit(self._work.cut, reason)


class _WritingThread:
    """The part that runs on the thread; ``done`` and ``stopped`` are read by the event loop."""

    def __init__(self, files: SessionRecordFiles, header: Header, max_bytes: int) -> None:
        self._files = files
        self._header = header
        self._max_bytes = max_bytes
        self._encoder = EntryEncoder()
        self._file: IO[bytes] | None = None
        self._path = Path()
        self._conversation_id = header.conversation_id
        self._size = 0
        self._settled = 0
        """Bytes up to the end of the last settled batch."""
        self._audio = b""
        """The frame of audio of the last batch. It is written with the next one: speech is noticed a moment after it
        begins, and behind a settled batch no audio may stand that belongs to a later chat."""
        self._messages_in = 0
        """Bytes up to the end of the first batch with a message; 0: there is none."""
        self.done = 0
        self.stopped = ""

    def write(self, batch: Batch) -> None:
        self._guarded(self._write, batch)
        self.done += 1

    def finish(self, reason: str) -> None:
        self._guarded(self._finish, self.stopped or reason)

    def cut(self, reason: str) -> None:
        self._guarded(self._cut, reason)

    def _guarded(self, work: Callable[[T], None], argument: T) -> None:
        try:
            work(argument)
        except Exception as error:  # the boundary to recording: it must not change the session
            log.exception("%s: the session is no longer recorded", self._header.log_id)
            self.stopped = f"the record could not be written: {error}"
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, batch: Batch) -> None:
        if self.stopped:
            return
        if self._file is None:
            self._path, self._file = self._files.create(self._header.conversation_id, self._header.log_id)
            self._append(MAGIC + frame(b"H", msgspec.msgpack.encode(self._header)))
        if batch.conversation_id != self._conversation_id:
            self._files.add_conversation(self._path, batch.conversation_id)
            self._conversation_id = batch.conversation_id
        content, self._audio = self._audio, b""
        if batch.steps:
            content += frame(b"E", self._encoder.encoded(batch.steps))
        if batch.audio:
            self._audio = frame(b"A", coded(joined(list(batch.audio)), batch.audio_start).packed())
        if self._size + len(content) > self._max_bytes:
            self._audio = b""
            self.stopped = "it reached [recording] session_mb"
            return
        self._append(content)
        if batch.has_message:
            self._messages_in = self._messages_in or self._size
        if batch.is_settled:
            self._settled = self._size

    def _append(self, content: bytes) -> None:
        assert self._file is not None
        written = 0
        while written < len(content):  # an unbuffered file may write less than it is given
            written += self._file.write(content[written:])
        self._size += len(content)

    def _finish(self, reason: str) -> None:
        if self._file is None:
            return
        if self._size + len(self._audio) <= self._max_bytes:
            self._append(self._audio)
        self._append(frame(b"Z", msgspec.msgpack.encode(Ending(reason=reason))))
        self._file.close()
        self._file = None

    def _cut(self, reason: str) -> None:
        self.stopped = self.stopped or reason
        if self._file is None:
            return
        if not self._messages_in or self._messages_in > self._settled:
            self._file.close()
            self._file = None
            self._files.remove(self._path.name)
            return
        self._file.truncate(self._settled)
        self._file.seek(self._settled)
        self._size, self._audio = self._settled, b""
        self._finish(reason)
