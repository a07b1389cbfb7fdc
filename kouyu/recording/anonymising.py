"""Makes a record anonymous: other words, other ids, silence for audio, and the same decisions."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import ClientFault, Input, ReplyDelta
from kouyu.domain.client_words import ClientWords
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.ids import NO_ID
from kouyu.recording.entries import RecordedStep, Step
from kouyu.recording.frames import SILENCE, Audio, Header, RecordError
from kouyu.recording.placeholder_words import PlaceholderWords
from kouyu.recording.plain_values import Configurations, RecordedField
from kouyu.recording.record_file import Record
from kouyu.recording.recorded_effects import plain_effect
from kouyu.recording.replaying import Core, replay

_EPOCH: Final = 1_700_000_000
_IDS: Final = frozenset(
    """
    id chat_id conversation_id section_id tool_call_id message_id user_id bot_id workflow_id group_id feature_id
    voice_print_feature_id log_id
    """.split()  # noqa: SIM905
)
"""Fields that are ids."""
_KEPT: Final = frozenset(
    "language user_language voice_id voice_ids default_voice_id event_subscriptions field".split()  # noqa: SIM905
)
"""Fields with names of the protocol, of the server or of a language; none of what was said."""
_TIMES: Final = frozenset(("created_at", "completed_at", "failed_at"))
_LOWER: Final = re.compile(r"[^\W\d_A-Z]")
_UPPER: Final = re.compile(r"[A-Z]")
_DIGIT: Final = re.compile(r"\d")


def anonymised(record: Record) -> tuple[Header, Sequence[Step], Sequence[Audio]]:
    """The record without what was said and by whom. Its effects are those of today's core.

    Raises RecordError if today's core would decide otherwise with the other words.
    """
    renaming = _Renaming(record)
    header = renaming.header(record.header)
    core = Core(header)
    steps = [core.take(step) for step in renaming.steps(record.steps)]
    for before, after in zip(replay(record).steps, steps, strict=True):
        if decisions(before.effects) != decisions(after.effects):
            raise RecordError(
                f"it cannot be made anonymous: at {before.now:.3f} s what the core does depends on the very words"
                f" ({type(before.received).__name__})"
            )
    audio = [Audio(piece.start, piece.count, SILENCE) for piece in record.audio]
    return header, steps, audio


def decisions(effects: Sequence[Effect]) -> list[Any]:
    """What was decided, without the words: all of the effects but for the letters of their texts and the hours."""
    table = Configurations()
    plain = [plain_effect(effect, table) for effect in effects]
    configurations = [msgspec.to_builtins(configuration) for configuration in table.all]
    return [_shape(each) for each in (plain, configurations)]


def _shape(value: Any) -> Any:
    match value:
        case str():
            return _DIGIT.sub("1", _UPPER.sub("A", _LOWER.sub("a", value)))
        case dict():
            return {_shape(key): _shape(each) for key, each in value.items() if key not in _TIMES}
        case list() | tuple():
            return [_shape(each) for each in value]
        case _:
            return value


class _Renaming:
    def __init__(self, record: Record) -> None:
        self._words = PlaceholderWords(_keywords(record))
        self._ids: dict[str, str] = {NO_ID: NO_ID, "": ""}
        self._ids_of_shape: Counter[str] = Counter({_shape(NO_ID): 1})
        self._configurations: dict[int, Configuration] = {}
        self._answers = _answers(record.steps, self._words.replaced)

    def header(self, header: Header) -> Header:
        capabilities: Capabilities = self._value(header.capabilities)
        return msgspec.structs.replace(
            header,
            log_id=self._id(header.log_id),
            bot_id=self._id(header.bot_id),
            workflow_id=self._id(header.workflow_id),
            conversation_id=self._id(header.conversation_id),
            epoch=_EPOCH + header.epoch % 1,
            capabilities=capabilities,
            anonymous=True,
        )

    def steps(self, steps: Sequence[RecordedStep]) -> Iterator[RecordedStep]:
        for step in steps:
            ids = [self._id(each) for each in step.ids]
            yield msgspec.structs.replace(step, received=self._input(step.received), ids=ids, effects=())

    def _input(self, received: Input) -> Input:
        if isinstance(received, ReplyDelta):
            return ReplyDelta(received.order, next(self._answers))
        if isinstance(received, ClientFault):
            return ClientFault(self._fault(received.fault), self._text(received.origin))
        renamed: Input = self._value(received)
        return renamed

    def _value(self, value: Any, name: str = "", annotation: Any = None) -> Any:
        match value:
            case Configuration():
                if id(value) not in self._configurations:
                    self._configurations[id(value)] = self._struct(value)
                return self._configurations[id(value)]
            case ClientWords():
                return value
            case msgspec.Struct():
                return self._struct(value)
            case str():
                return value if name in _KEPT or _is_literal(annotation) else self._named(name, value)
            case tuple() | list():
                return type(value)(self._value(each, name, _of_each(annotation)) for each in value)
            case dict():
                return {self._words.replaced(str(key)): self._value(each) for key, each in value.items()}
            case ProtocolError():
                return self._fault(value)
            case _:
                return value

    def _struct(self, value: msgspec.Struct) -> Any:
        hints = get_type_hints(type(value))
        changes = {name: self._value(getattr(value, name), name, hints.get(name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **changes)

    def _named(self, name: str, text: str) -> str:
        return self._id(text) if name in _IDS else self._words.replaced(text)

    def _text(self, text: str | None) -> str | None:
        return text if text is None else self._words.replaced(text)

    def _fault(self, fault: ProtocolError) -> ProtocolError:
        msg = self._words.replaced(fault.msg)
        if isinstance(fault, InvalidField):
            return RecordedField(fault.code, msg, fault.field)
        return ProtocolError(fault.code, msg)

    def _id(self, text: str) -> str:
        """Another id of the same shape: those of one shape are numbered as they occur."""
        if text not in self._ids:
            shape = _shape(text)
            self._ids[text] = _numbered(text, self._ids_of_shape[shape])
            self._ids_of_shape[shape] += 1
        return self._ids[text]


def _numbered(text: str, number: int) -> str:
    """``text`` with ``number`` for its last letters and digits and the same for all before; longer where it must be."""
    shown: list[str] = []
    for character in reversed(text):
        number, digit = divmod(number, 10) if character.isalnum() else (number, 0)
        if character.isdecimal():
            shown.append(str(digit))
        elif character.isalpha():
            letter = "ijklmnopqr"[digit]
            shown.append(letter.upper() if "A" <= character <= "Z" else letter)
        else:
            shown.append(character)
    return ("".join(shown) + (str(number) if number else ""))[::-1]


def _keywords(record: Record) -> Iterator[str]:
    for configuration in record.configurations.all:
        config = configuration.turn_detection.interrupt_config
        if config is not None:
            yield from config.keywords


def _answers(steps: Sequence[RecordedStep], replaced: Callable[[str], str]) -> Iterator[str]:
    """The deltas of all answers with other words, in the order of the steps. A word may span deltas."""
    pieces: dict[int, list[str]] = {}
    deltas = [step.received for step in steps if isinstance(step.received, ReplyDelta)]
    for delta in deltas:
        pieces.setdefault(delta.order, []).append(delta.text)
    rest = {order: replaced("".join(texts)) for order, texts in pieces.items()}
    for delta in deltas:
        whole = rest[delta.order]
        rest[delta.order] = whole[len(delta.text) :]
        yield whole[: len(delta.text)]


def _is_literal(annotation: Any) -> bool:
    """Whether the type is a choice of fixed texts."""
    if get_origin(annotation) is Literal:
        return True
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    return bool(choices) and all(_is_literal(choice) for choice in choices)


def _of_each(annotation: Any) -> Any:
    return next(iter(get_args(annotation)), None)
