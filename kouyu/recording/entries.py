"""The entries of a session record: each frame is a msgpack array of them, and all frames are one compressed stream.

Each entry is an array that begins with its kind:

- ``[0, configuration]``: the next configuration of the table
- ``[1, now, end]``: AudioReceived without an effect
- ``[2, now, end, probability, levels]``: SpeechProbability without an effect
- ``[3, now, name, fields, ids, effects]``: any input; the ids that the core made for it, and the effects, each as
  ``[name, fields]``
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import AudioReceived, Input, SpeechProbability
from kouyu.protocol.configuration import Configuration
from kouyu.recording.frames import LARGEST_FRAME, RecordError
from kouyu.recording.plain_values import Configurations, plain_struct, rebuilt

CONFIGURATION: Final = 0
AUDIO_RECEIVED: Final = 1
SPEECH_PROBABILITY: Final = 2
INPUT: Final = 3
_LEVEL: Final = 1
"""Of the compression: the fastest."""

PlainEffect = list[Any]
"""``[name, fields]``."""


class Step(msgspec.Struct, frozen=True):
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


def plain_effect(effect: Effect, configurations: Configurations) -> PlainEffect:
    """An effect as it is recorded."""
    return [type(effect).__name__, plain_struct(effect, configurations)]


class EntryEncoder:
    """Encodes the steps of one record, in order."""

    def __init__(self) -> None:
        self._configurations = Configurations()
        self._told = 0
        self._encoder = msgspec.msgpack.Encoder()
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)

    def encoded(self, steps: Iterable[Step]) -> bytes:
        """The payload of one frame. Whoever has all frames up to it can read it."""
        entries: list[Any] = []
        for step in steps:
            entry = self._entry(step)
            entries += ([CONFIGURATION, new] for new in self._configurations.all[self._told :])
            self._told = len(self._configurations.all)
            entries.append(entry)
        return self._stream.compress(self._encoder.encode(entries)) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def _entry(self, step: Step) -> tuple[Any, ...]:
        received = step.received
        if not step.effects and not step.ids:
            if type(received) is AudioReceived:
                return AUDIO_RECEIVED, step.now, received.end
            if type(received) is SpeechProbability:
                return SPEECH_PROBABILITY, step.now, received.end, received.probability, received.levels
        fields = plain_struct(received, self._configurations)
        effects = [plain_effect(effect, self._configurations) for effect in step.effects]
        return INPUT, step.now, type(received).__name__, fields, step.ids, effects


class EntryDecoder:
    """Decodes the frames of entries of one record, in order."""

    def __init__(self) -> None:
        self.configurations = Configurations()
        self._stream = zlib.decompressobj(-15)

    def decoded(self, payload: bytes) -> Iterator[RecordedStep]:
        """The steps of one frame. Raises RecordError."""
        try:
            content = self._stream.decompress(payload, LARGEST_FRAME)
            if self._stream.unconsumed_tail:
                raise RecordError("a frame of entries is larger than any that kouyu writes")
            entries = msgspec.msgpack.decode(content, type=list[Any])
        except (zlib.error, msgspec.DecodeError) as error:
            raise RecordError(f"a frame of entries is damaged: {error}") from error
        for entry in entries:
            match entry:
                case [0, configuration]:
                    self.configurations.add(_configuration(configuration))
                case [1, now, end]:
                    yield RecordedStep(now, AudioReceived(end))
                case [2, now, end, probability, levels]:
                    yield RecordedStep(now, SpeechProbability(end, probability, tuple(levels)))
                case [3, now, name, fields, ids, effects]:
                    yield RecordedStep(now, rebuilt(name, fields, self.configurations), ids, effects)
                case _:
                    raise RecordError("it holds an entry of an unknown kind: a newer version of kouyu wrote it")


def _configuration(value: Any) -> Configuration:
    try:
        return msgspec.convert(value, Configuration)
    except msgspec.ValidationError as error:
        raise RecordError(f"a configuration cannot be read by this version of kouyu: {error}") from error
