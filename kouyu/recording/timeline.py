"""The turns of a session record, as the page shows those of a live session: derived by the same observer."""

from collections.abc import Callable, Sequence

from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import AudioReceived, Input
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.record import AnyFact, TurnRecord
from kouyu.diagnostics.facts.session import Configured, SessionSeen
from kouyu.diagnostics.observer import Observer
from kouyu.diagnostics.turn_records import TurnRecords
from kouyu.domain.configuration import Configuration
from kouyu.protocol.coze.wire import to_wire
from kouyu.recording.record_file import Record
from kouyu.recording.replaying import Core, Replayed, replay

Hear = Callable[[int, int, float], None]
"""Called with the user's audio that has arrived: the first sample, the one behind the last, and the time in s."""
OpenWaveform = Callable[[AudioClock, Callable[[AnyFact], None]], Hear]


class Timeline:
    """The turns that today's core makes of a record, and whether it does what was recorded."""

    def __init__(self, record: Record, open_waveform: OpenWaveform | None = None) -> None:
        """``open_waveform`` adds facts about the audio itself; without it the turns have none."""
        first = Core(record.header).conversation.configuration
        self._turns = TurnRecords(turns_kept=len(record.steps) + 1)
        self._observer = Observer(limits=record.header.limits, configuration=first, turns_before=0, say=self._turns.add)
        self._hear = open_waveform(self._observer.clock, self._turns.add) if open_waveform is not None else None
        self._arrived = 0
        self._user_id = self._conversation_id = ""
        self._turns.add(Configured(at_ms=0.0, configuration=to_wire(first)))
        self.replayed: Replayed = replay(record, self._observe)
        self._observer.close(record.length_s)

    def turns(self) -> Sequence[TurnRecord]:
        """The turns, oldest first."""
        header = self.replayed.record.header
        session = SessionSeen(
            log_id=header.log_id,
            epoch_ms=round(header.epoch * 1000),
            bot_id=header.bot_id,
            workflow_id=header.workflow_id,
            user_id=self._user_id,
            conversation_id=self._conversation_id or header.conversation_id,
            limits=header.limits,
        )
        return self._turns.exported(session)

    def _observe(self, received: Input, effects: list[Effect], configuration: Configuration, now: float) -> None:
        if isinstance(received, AudioReceived) and received.end > self._arrived:
            self._observer.arrived(self._arrived, received.end, now)
            if self._hear is not None:
                self._hear(self._arrived, received.end, now)
            self._arrived = received.end
        self._observer.observe(received, effects, configuration, now)
        self._user_id = configuration.chat_config.user_id or ""
        self._conversation_id = configuration.chat_config.conversation_id or ""
