"""Records a live session: follows its conversation core and its audio, and hands both to the writer every BATCH_S."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Final

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import Effect, SaveMessage
from kouyu.conversation.inputs import ConfigurationUpdate, ConnectionResumed, Input
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.domain.ids import IdFactory
from kouyu.recording.entries import Step
from kouyu.recording.frames import Header
from kouyu.recording.noted_ids import NotedIds
from kouyu.recording.record_writing import Batch, RecordWriter
from kouyu.store.session_records import SessionRecordFiles

log = logging.getLogger(__name__)

BATCH_S: Final = 2.0
"""How often what was recorded is given to the writer, in s."""
MOST_STEPS: Final = 512
"""Steps of the core after which it is given earlier."""
_CHANGES: Final = (ConfigurationUpdate, ConnectionResumed)
NOT_SAVED: Final = "auto_save_history was switched off"


class SessionRecording(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions are recorded, and the bounds of one record."""

    sessions: bool = False
    """Those of bots that say nothing else."""
    on_request: bool = False
    """Whether a client may ask for a record of its own connection."""
    session_bytes: int = 100_000_000

    def wanted(self, *, by_bot: bool | None, by_client: bool | None) -> bool:
        """Whether a session is recorded. A client may always refuse; None: it, or the bot, says nothing."""
        if by_client is not None and (self.on_request or not by_client):
            return by_client
        return self.sessions if by_bot is None else by_bot


class SessionRecorder:
    """The recorder of one session. Recording never changes the session: where it fails, it ends."""

    def __init__(self, writer: RecordWriter, ids: NotedIds, *, log_id: str) -> None:
        self._writer = writer
        self._ids = ids
        self._log_id = log_id
        self._conversation: Conversation
        self._clock: Callable[[], float]
        self._steps: list[Step] = []
        self._audio: list[Samples] = []
        self._audio_start = 0
        self._has_message = False
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        self._settled = 0
        """How many of the steps come before anything that the user has said of the next question."""

    def begin(self, conversation: Conversation, clock: Callable[[], float]) -> None:
        """Begin with a new core; ``clock`` gives the session's time in s. The header has the ids that it made."""
        self._conversation, self._clock = conversation, clock
        self._ids.taken()

    def heard(self, samples: Samples) -> None:
        """Record the user's audio as it was decoded, at SPEECH_RATE."""
        if self._is_over:
            return
        self._audio.append(samples)
        if self._timer is None:
            self._give_soon()

    def follow(self, received: Input, effects: list[Effect], now: float) -> None:
        """Record one input of the core and its effects."""
        if self._is_over:
            return
        if type(received) in _CHANGES and not self._saves_history():
            self._cut()
            return
        self._steps.append(Step(now, received, self._ids.taken(), effects))
        if effects:
            self._has_message = self._has_message or any(isinstance(effect, SaveMessage) for effect in effects)
            if self._is_settled(now):
                self._settled = len(self._steps)
        if len(self._steps) >= MOST_STEPS:
            self.give()
        elif self._timer is None:
            self._give_soon()

    def close(self) -> None:
        """End the record: the session is over."""
        if not self._is_over:
            self.give()
            self._end()
            self._writer.finish("closed")

    def _is_settled(self, now: float) -> bool:
        return self._conversation.activity(now) in ("idle", "playing")

    def _saves_history(self) -> bool:
        return self._conversation.configuration.chat_config.auto_save_history

    def _give_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BATCH_S, self.give)

    def give(self) -> None:
        """Give what was recorded to the writer now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_over or not (self._steps or self._audio):
            return
        self._put(self._steps, self._audio, is_settled=self._is_settled(self._clock()))
        self._audio_start += sum(map(len, self._audio))
        self._steps, self._audio = [], []
        self._settled, self._has_message = 0, False
        if self._writer.stopped:
            log.warning("%s: the session is no longer recorded: %s", self._log_id, self._writer.stopped)
            self._end()
            self._writer.finish(self._writer.stopped)

    def _put(self, steps: Sequence[Step], audio: Sequence[Samples], *, is_settled: bool) -> None:
        self._writer.put(
            Batch(
                steps=steps,
                audio=audio,
                audio_start=self._audio_start,
                conversation_id=self._conversation.conversation_id,
                is_settled=is_settled,
                has_message=self._has_message,
            )
        )

    def _cut(self) -> None:
        """End the record before the chats that are not to be saved: what is said in them is not recorded, nor what was
        said of the next question by now."""
        if self._settled:
            self._put(self._steps[: self._settled], (), is_settled=True)
        self._end()
        self._writer.cut(NOT_SAVED)

    def _end(self) -> None:
        self._is_over = True
        self._steps, self._audio = [], []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class SessionRecorders:
    """Makes the recorders of a server's sessions. ``close`` waits until all is written."""

    def __init__(self, files: SessionRecordFiles, settings: SessionRecording | None = None) -> None:
        self._files = files
        self.settings = settings or SessionRecording()
        """May be changed at any time; sessions that begin from then on follow it."""
        self._executor: ThreadPoolExecutor | None = None

    def ids(self, ids: IdFactory, *, by_bot: bool | None, by_client: bool | None) -> NotedIds | None:
        """The ids for a session that is to be recorded, made with ``ids``; None if it is not."""
        wanted = self.settings.wanted(by_bot=by_bot, by_client=by_client)
        return NotedIds(ids) if wanted and self._files.is_available else None

    def recorder(
        self,
        ids: NotedIds,
        about: SessionSeen,
        conversation: Conversation,
        capabilities: Capabilities,
        clock: Callable[[], float],
    ) -> SessionRecorder:
        """The recorder of a session whose core has just been made with ``ids``."""
        header = Header(
            kouyu=version("kouyu"),
            log_id=about.log_id,
            bot_id=about.bot_id,
            workflow_id=about.workflow_id,
            epoch=about.epoch_ms / 1000,
            conversation_id=conversation.conversation_id,
            capabilities=capabilities,
            limits=about.limits,
        )
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="session records")
        writer = RecordWriter(self._executor, self._files, header, max_bytes=self.settings.session_bytes)
        recorder = SessionRecorder(writer, ids, log_id=about.log_id)
        recorder.begin(conversation, clock)
        return recorder

    async def close(self) -> None:
        """Write what is left."""
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown)
            self._executor = None
