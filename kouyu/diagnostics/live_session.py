"""One live session as its watchers see it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.conversation.activity import Activity
from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import Input
from kouyu.diagnostics.facts.record import AnyFact, TurnRecord
from kouyu.diagnostics.facts.session import Configured, HintGiven, SessionEnded, SessionSeen
from kouyu.diagnostics.facts.turn import TurnEnded
from kouyu.diagnostics.facts.wire import WireFact
from kouyu.diagnostics.observer import Observer
from kouyu.diagnostics.turn_records import TurnRecords
from kouyu.diagnostics.watcher import Wanted, Watcher, told
from kouyu.diagnostics.waveform_track import WaveformTrack
from kouyu.diagnostics.wire_tap import Tapped, WireTap
from kouyu.domain.configuration import Configuration
from kouyu.domain.effective import effective
from kouyu.protocol.coze.wire import to_wire

log = logging.getLogger(__name__)


class OpenedBy(msgspec.Struct, frozen=True, kw_only=True):
    """The access token that opened a session, and whose data the session reads and writes."""

    owner: str = ""
    token_id: str = ""
    token_name: str = ""


class LiveSession:
    """A session as the hub knows it.

    The session passes its traffic to ``observer``, which is None without watchers, so that no facts are made then.
    """

    def __init__(
        self,
        about: SessionSeen,
        *,
        opened_by: OpenedBy,
        conversation: Conversation,
        clock: Callable[[], float],
        wire: Tapped | None = None,
        turn_ended: Callable[[TurnRecord], None] | None = None,
    ) -> None:
        """``clock`` gives the seconds since the connection began, ``wire`` is the connection itself.
        ``turn_ended`` gets each observed turn when it is finished."""
        self._turn_ended = turn_ended
        self._about = about
        self.opened_by = opened_by
        self._wire = wire
        self._conversation = conversation
        self._clock = clock
        self._records = TurnRecords()
        self._watchers: list[Watcher] = []
        self._turns = 0
        self._is_broken = False
        self._hints: list[HintGiven] = []
        self.observer: Observer | None = None
        self._waveform: WaveformTrack | None = None

    @property
    def about(self) -> SessionSeen:
        """The fact that describes the session, with its current values."""
        return msgspec.structs.replace(
            self._about,
            user_id=self._conversation.configuration.chat_config.user_id or "",
            conversation_id=self._conversation.conversation_id,
        )

    @property
    def age_s(self) -> float:
        """Seconds since the connection began."""
        return self._clock()

    @property
    def configuration(self) -> Configuration:
        """The configuration in force."""
        return effective(self._conversation.configuration)

    @property
    def activity(self) -> Activity:
        """What happens in its conversation at present."""
        return self._conversation.activity(self._clock())

    def meets(self, wanted: Wanted) -> bool:
        """Whether the session matches ``wanted``."""
        about = self.about
        return wanted.is_met_by(self.opened_by.owner, about.log_id, about.user_id, self.opened_by.token_id)

    @property
    def hints(self) -> tuple[HintGiven, ...]:
        """Likely mistakes in what the client sends, oldest first, including those from before anyone watched."""
        return tuple(self._hints)

    def hint(self, message: str) -> None:
        """Record a likely mistake of the client. The conversation bounds their number."""
        self._hints.append(HintGiven(at_ms=self._ms(), message=message))
        self._give(self._hints[-1])

    def turns(self) -> list[TurnRecord]:
        """The turns that have been observed, oldest first."""
        return self._records.exported(self.about)

    # Traffic of the session; only while ``observer`` is set

    def heard(self, samples: Samples, end: int) -> None:
        """Pass on the user's audio up to the sample ``end``."""
        with self._kept_going():
            assert self.observer is not None
            assert self._waveform is not None
            now = self._clock()
            self.observer.arrived(end - len(samples), end, now)
            self._waveform.heard(samples, end, now)

    def observe(self, received: Input, effects: list[Effect], now: float) -> None:
        """Pass on an input of the conversation and its effects."""
        with self._kept_going():
            assert self.observer is not None
            self.observer.observe(received, effects, self._conversation.configuration, now)

    def deadline(self, now: float) -> float | None:
        """When time alone causes a fact, in seconds since the connection began."""
        return self.observer.deadline(now) if self.observer is not None else None

    @contextmanager
    def _kept_going(self) -> Iterator[None]:
        try:
            yield
        except Exception:  # the boundary to diagnostics: being watched must not change a session
            log.exception("%s: observation of the session failed and is switched off", self._about.log_id)
            self.observer = None
            self._is_broken = True

    # Watching

    def begin(self) -> None:
        """Start to observe the session."""
        if self.observer is None and not self._is_broken:
            self.observer = Observer(
                limits=self._about.limits,
                configuration=self._conversation.configuration,
                turns_before=self._turns,
                say=self.tell,
            )
            self._waveform = WaveformTrack(self.observer.clock, self.tell)
            self._records.add(self._configured())

    def watched_by(self, watcher: Watcher) -> None:
        """Send this watcher the facts stored so far, then new ones as they come."""
        self.begin()
        for fact in (self.about, self._configured(), *self._hints, *self._records.facts()):
            watcher.put(told(self._about.log_id, fact))
        self._watchers.append(watcher)
        self._tap()

    def is_watched_by(self, watcher: Watcher) -> bool:
        """Whether this watcher gets the session's facts."""
        return watcher in self._watchers

    def left_by(self, watcher: Watcher) -> None:
        """Remove this watcher."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            self._tap()

    def rest(self) -> None:
        """Stop observing unless there is a watcher; stored facts stay."""
        if self.observer is not None and not self._watchers:
            self._turns = self.observer.turns
            self.observer.close(self._clock())
            self.observer = None

    def ended(self) -> None:
        """Stop observing and report the end: the connection ended."""
        if self.observer is not None:
            self.observer.close(self._clock())
            self.tell(SessionEnded(at_ms=self._ms()))
            self.observer = None

    def _configured(self) -> Configured:
        return Configured(at_ms=self._ms(), configuration=to_wire(self._conversation.configuration))

    def _ms(self) -> float:
        return round(self._clock() * 1000, 1)

    def tell(self, fact: AnyFact) -> None:
        """Store a fact and send it to the watchers."""
        self._records.add(fact)
        self._give(fact)
        if self._turn_ended is not None and isinstance(fact, TurnEnded):
            self._turn_ended(self._records.of(fact.turn, self.about))

    def _tap(self) -> None:
        """Have the messages copied if a watcher wants them."""
        if self._wire is None:
            return
        is_wanted = any(watcher.wanted.events for watcher in self._watchers)
        if not is_wanted:
            self._wire.wire_tap = None
        elif self._wire.wire_tap is None:
            self._wire.wire_tap = WireTap(self._clock, self._give_event)

    def _give_event(self, fact: WireFact) -> None:
        message = told(self._about.log_id, fact)
        for watcher in self._watchers:
            if watcher.wanted.events:
                watcher.put(message)

    def _give(self, fact: AnyFact) -> None:
        if self._watchers:
            message = told(self._about.log_id, fact)
            for watcher in self._watchers:
                watcher.put(message)
