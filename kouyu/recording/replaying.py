"""Runs a session record through today's conversation core, in virtual time, and compares every effect."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import Input
from kouyu.domain.configuration import Configuration
from kouyu.domain.ids import IdFactory
from kouyu.protocol.coze.downlink import DownlinkEvent
from kouyu.protocol.coze.translation import downlink_of
from kouyu.recording.entries import RecordedStep, Step
from kouyu.recording.frames import Header
from kouyu.recording.plain_values import Configurations
from kouyu.recording.record_file import Record
from kouyu.recording.recorded_effects import PlainEffect, plain_effect

_UNRECORDED_ID: Final = "9" * 10


class RecordedIds(IdFactory):
    """Gives the ids that were recorded. Where the core makes more of them than then, the rest are counted from 1."""

    def __init__(self) -> None:
        super().__init__()
        self._given: list[str] = []
        self._numbers = itertools.count(1)

    def give(self, ids: Sequence[str]) -> None:
        """Give these next; what is left of earlier ones is dropped."""
        self._given = list(ids)

    def next_id(self) -> str:
        """The next recorded id."""
        return self._given.pop(0) if self._given else f"{_UNRECORDED_ID}{next(self._numbers):09d}"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where today's core did something else: in the step of the given index, at the effect of the given
    index. ``recorded`` or ``today`` is None where there is none."""

    step: int
    effect: int
    recorded: PlainEffect | None
    today: PlainEffect | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What today's core did with a record. The steps have today's effects."""

    record: Record
    steps: Sequence[Step]
    difference: Difference | None

    def sent(self, event_type: str, *, from_s: float = 0.0, to_s: float = float("inf")) -> list[float]:
        """The times in s at which today's core sent an event of this type, of those from ``from_s`` to ``to_s``."""
        return [
            step.now
            for step in self.steps
            for event in events_of(step.effects)
            if event.event_type == event_type and from_s <= step.now <= to_s
        ]


def events_of(effects: Sequence[Effect]) -> Iterator[DownlinkEvent]:
    """The events that are sent, in Coze's terms."""
    told = (downlink_of(effect.event) for effect in effects if isinstance(effect, Send))
    return (event for event in told if event is not None)


Observe = Callable[[Input, list[Effect], Configuration, float], None]


class Core:
    """Today's conversation core with the recorded capabilities, limits and ids."""

    def __init__(self, header: Header) -> None:
        self.ids = RecordedIds()
        self.ids.give([header.conversation_id])
        identity = Identity(ids=self.ids, bot_id=header.bot_id, epoch=header.epoch)
        self.conversation = Conversation(identity=identity, capabilities=header.capabilities, limits=header.limits)

    def take(self, step: RecordedStep) -> Step:
        """Give the core one recorded input."""
        self.ids.give(step.ids)
        return Step(step.now, step.received, step.ids, self.conversation.receive(step.received, step.now))


def replay(record: Record, observe: Observe | None = None) -> Replayed:
    """Run the record to its end, also beyond a difference. ``observe`` gets each input, today's effects, the
    configuration in force afterwards, and the time."""
    core = Core(record.header)
    steps: list[Step] = []
    difference: Difference | None = None
    for index, recorded in enumerate(record.steps):
        step = core.take(recorded)
        steps.append(step)
        if observe is not None:
            observe(step.received, list(step.effects), core.conversation.configuration, step.now)
        difference = difference or _difference(index, recorded, step, record.configurations)
    return Replayed(record=record, steps=steps, difference=difference)


def _difference(index: int, recorded: RecordedStep, today: Step, table: Configurations) -> Difference | None:
    if not recorded.effects and not today.effects:
        return None
    done = _as_recorded([plain_effect(effect, table) for effect in today.effects])
    for place, (then, now) in enumerate(itertools.zip_longest(recorded.effects, done)):
        if then != now:
            return Difference(step=index, effect=place, recorded=then, today=now)
    return None


def _as_recorded(value: Any) -> Any:
    """``value`` as it looks after it was written and read."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))
