"""Shows the first difference between a record and today's core, with what led to it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from kouyu.conversation.inputs import AudioReceived, SpeechProbability, TimePassed
from kouyu.recording.entries import RecordedStep, Step
from kouyu.recording.plain_values import Configurations, plain_struct
from kouyu.recording.recorded_effects import PlainEffect
from kouyu.recording.replaying import Difference, Replayed
from kouyu.text.visible import on_one_line

_STEPS_BEFORE: Final = 8
"""Steps that are shown before the one that differs; runs of audio are one."""
_LONGEST: Final = 300
"""Characters of one line."""
_FREQUENT: Final = (AudioReceived, SpeechProbability, TimePassed)


def difference_shown(replayed: Replayed) -> Iterator[str]:
    """The lines that describe the difference, with control characters as escape sequences. There must be one."""
    return map(on_one_line, _lines(replayed))


def _lines(replayed: Replayed) -> Iterator[str]:
    difference = replayed.difference
    assert difference is not None
    steps, table = replayed.record.steps, replayed.record.configurations
    step = steps[difference.step]
    yield f"The first difference is at {_time(step.now)}, step {difference.step + 1} of {len(steps)}."
    yield "What led to it:"
    for line in _before(replayed.record.steps, difference.step, table):
        yield f"  {line}"
    yield f"  {_time(step.now)}  > {_input(step, table)}"
    for effect in step.effects[: difference.effect]:
        yield f"  {'':>10}  < {_effect(effect)}"
    yield f"Recorded: {_or_nothing(difference.recorded)}"
    yield f"Today:    {_or_nothing(difference.today)}"
    yield from _fields_that_differ(difference, table)


def _before(steps: Sequence[RecordedStep], until: int, table: Configurations) -> Iterator[str]:
    """The steps that had effects or were not audio, each with its effects."""
    chosen: list[int] = []
    for index in range(until - 1, -1, -1):
        if len(chosen) == _STEPS_BEFORE:
            break
        if steps[index].effects or not isinstance(steps[index].received, _FREQUENT):
            chosen.append(index)
    for index in reversed(chosen):
        yield f"{_time(steps[index].now)}  > {_input(steps[index], table)}"
        for effect in steps[index].effects:
            yield f"{'':>10}  < {_effect(effect)}"


def _time(now: float) -> str:
    return f"{now:>8.3f} s"


def _input(step: RecordedStep | Step, table: Configurations) -> str:
    return _cut(f"{type(step.received).__name__} {_fields(plain_struct(step.received, table))}")


def _effect(effect: PlainEffect) -> str:
    name, fields = effect
    event = fields.get("event") if name == "Send" else None
    if event is None:
        return _cut(f"{name} {_fields(fields)}")
    rest = {key: value for key, value in fields.items() if key != "event"}
    return _cut(f"{name} {event[0]} {_fields(event[1])} {_fields(rest)}".rstrip())


def _or_nothing(effect: PlainEffect | None) -> str:
    return "nothing" if effect is None else _effect(effect)


def _fields(fields: Any) -> str:
    return (
        ", ".join(f"{name}={value!r}" for name, value in fields.items()) if isinstance(fields, dict) else repr(fields)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _fields_that_differ(difference: Difference, table: Configurations) -> Iterator[str]:
    then, now = difference.recorded, difference.today
    if then is None or now is None or then[0] != now[0]:
        return
    for path, one, other in _paths(then[1], now[1], "", table):
        yield _cut(f"  {path}: {one!r} was recorded, today it is {other!r}")


def _paths(one: Any, other: Any, path: str, table: Configurations) -> Iterator[tuple[str, Any, Any]]:
    if path.endswith("configuration") and isinstance(one, int) and isinstance(other, int) and one != other:
        one, other = (plain_struct(table.all[number], table) for number in (one, other))
    match one, other:
        case [str() as name, dict() as one_fields], [str() as other_name, dict() as other_fields] if name == other_name:
            one, other = one_fields, other_fields
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _paths(one.get(key), other.get(key), f"{path}.{key}".removeprefix("."), table)
    elif one != other:
        yield path, one, other
