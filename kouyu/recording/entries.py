"""The entries of a session record: each frame is a msgpack array of them.

Each entry is an array that begins with its kind:

- ``[0, configuration]``: the next configuration of the table
- ``[1, now, end]``: AudioReceived without an effect
- ``[2, now, end, probability, levels]``: SpeechProbability without an effect
- ``[3, now, name, fields, ids, effects]``: any input; the ids that the core made for it, and the effects as
  ``recorded_effects.py`` encodes them
- ``[4, message]``: the next head of the table: a message without its content
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import (
    AudioReceived,
    ClientFault,
    ConfigurationUpdate,
    ConnectionResumed,
    Input,
    SpeechAudio,
    SpeechProbability,
)
from kouyu.domain.configuration import Configuration
from kouyu.recording.frames import LONGEST_AUDIO, RecordError
from kouyu.recording.plain_values import Configurations, plain_struct, rebuilt
from kouyu.recording.recorded_effects import PlainEffect, Tables, encodable, plain_recorded

CONFIGURATION: Final = 0
AUDIO_RECEIVED: Final = 1
SPEECH_PROBABILITY: Final = 2
INPUT: Final = 3
HEAD: Final = 4
_KINDS: Final = (CONFIGURATION, AUDIO_RECEIVED, SPEECH_PROBABILITY, INPUT, HEAD)

_IN_PARTS: Final = frozenset((ClientFault, ConfigurationUpdate, ConnectionResumed))
"""Inputs with a configuration, which becomes its number, or with an exception."""
_Time = Annotated[float, Meta(ge=0, le=1e9)]
_Position = Annotated[int, Meta(ge=0, le=LONGEST_AUDIO)]


class _NewConfiguration(msgspec.Struct, frozen=True, array_like=True, tag=CONFIGURATION):
    configuration: Any


class _AudioReceived(msgspec.Struct, frozen=True, array_like=True, tag=AUDIO_RECEIVED):
    now: _Time
    end: _Position


class _SpeechProbability(msgspec.Struct, frozen=True, array_like=True, tag=SPEECH_PROBABILITY):
    now: _Time
    end: _Position
    probability: float
    levels: tuple[float, ...]


class _Input(msgspec.Struct, frozen=True, array_like=True, tag=INPUT):
    now: _Time
    name: str
    fields: dict[str, Any]
    ids: list[str]
    effects: list[Annotated[list[Any], Meta(min_length=2, max_length=4)]]


class _Head(msgspec.Struct, frozen=True, array_like=True, tag=HEAD):
    message: dict[str, Any]


_Entry = _NewConfiguration | _AudioReceived | _SpeechProbability | _Input | _Head
_decoder: Final = msgspec.msgpack.Decoder(list[_Entry])


class Step(msgspec.Struct, frozen=True, gc=False):
    """One input of the core at ``now`` (s since the connection began), and what it led to."""

    now: float
    received: Input
    ids: Sequence[str]
    """Made by the core for this input."""
    effects: Sequence[Effect]


class RecordedStep(msgspec.Struct, frozen=True):
    """A step as it was read: the effects are plain values."""

    now: float
    received: Input
    ids: Sequence[str] = ()
    effects: Sequence[PlainEffect] = ()


class EntryEncoder:
    """Encodes the steps of one record, in order."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._configurations_told = self._heads_told = 0
        self._encoder = msgspec.msgpack.Encoder()

    def encoded(self, steps: Iterable[Step]) -> bytes:
        """The payload of one frame. Whoever has all frames up to it can read it."""
        entries = [self._entry(step) for step in steps]
        return self._encoder.encode(self._news() + entries)

    def _entry(self, step: Step) -> tuple[Any, ...]:
        received = step.received
        if not step.effects and not step.ids:
            if type(received) is AudioReceived:
                return AUDIO_RECEIVED, step.now, received.end
            if type(received) is SpeechProbability and not received.echo:
                return SPEECH_PROBABILITY, step.now, received.end, received.probability, received.levels
        effects = [encodable(effect, self._tables) for effect in step.effects]
        return INPUT, step.now, type(received).__name__, self._fields(received), step.ids, effects

    def _fields(self, received: Input) -> Any:
        if type(received) is SpeechAudio:
            return {"order": received.order, "packet": len(received.packet), "duration_ms": received.duration_ms}
        if type(received) in _IN_PARTS:
            return plain_struct(received, self._tables.configurations)
        return received

    def _news(self) -> list[Any]:
        """What the tables got since the last frame."""
        configurations, heads = self._tables.configurations.all, self._tables.heads
        news = [[CONFIGURATION, new] for new in configurations[self._configurations_told :]]
        news += [[HEAD, new] for new in heads[self._heads_told :]]
        self._configurations_told, self._heads_told = len(configurations), len(heads)
        return news


class EntryDecoder:
    """Decodes the frames of entries of one record, in order."""

    def __init__(self) -> None:
        self._tables = Tables()

    @property
    def configurations(self) -> Configurations:
        """The configurations that were read."""
        return self._tables.configurations

    def decoded(self, payload: bytes) -> Iterator[RecordedStep]:
        """The steps of one frame. Raises RecordError."""
        try:
            entries = _decoder.decode(payload)
        except msgspec.DecodeError as error:
            if _has_unknown_kind(payload):
                raise RecordError("it holds an entry of an unknown kind: a newer version of kouyu wrote it") from error
            raise RecordError(f"a frame of entries is damaged: {error}") from error
        for entry in entries:
            match entry:
                case _NewConfiguration():
                    self.configurations.add(_configuration(entry.configuration))
                case _AudioReceived():
                    yield RecordedStep(entry.now, AudioReceived(entry.end))
                case _SpeechProbability():
                    yield RecordedStep(entry.now, SpeechProbability(entry.end, entry.probability, entry.levels))
                case _Input():
                    received = rebuilt(entry.name, entry.fields, self.configurations)
                    yield RecordedStep(entry.now, received, entry.ids, [self._effect(each) for each in entry.effects])
                case _Head():
                    self._tables.heads.append(entry.message)

    def _effect(self, recorded: Any) -> PlainEffect:
        try:
            return plain_recorded(recorded, self._tables)
        except (LookupError, TypeError, ValueError) as error:
            raise RecordError(f"it holds an effect that cannot be read: {error}") from error


def _has_unknown_kind(payload: bytes) -> bool:
    """Whether a frame that was not decoded holds an entry of a kind that this version does not know."""
    try:
        entries = msgspec.msgpack.decode(payload, type=list[list[Any]])
    except msgspec.DecodeError:
        return False
    return any(entry and entry[0] not in _KINDS for entry in entries)


def _configuration(value: Any) -> Configuration:
    try:
        return msgspec.convert(value, Configuration)
    except msgspec.ValidationError as error:
        raise RecordError(f"a configuration cannot be read by this version of kouyu: {error}") from error
