"""Checks a request against its msgspec type, and reports errors in this API's words, not the library's."""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import inspect

from kouyu.domain.errors import BAD_REQUEST, InvalidField, ProtocolError

_NUMBER: Final = re.compile(r"[+-]?\d+(?P<rest>(\.\d*)?([eE][+-]?\d+)?)")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def checked(value: Any, info: inspect.Type, path: str, *, from_text: bool) -> Any:
    """Check ``value`` against the type of ``info``, and return it ready for ``msgspec.convert``.

    With ``from_text`` (queries, forms) numbers and booleans may be strings. Raises InvalidField, which names
    the ``path``, the value and what is allowed, and ProtocolError for a field that is missing.
    """
    match info:
        case inspect.Metadata(type=inner):
            return checked(value, inner, path, from_text=from_text)
        case inspect.UnionType(types=types):
            return _one_of(value, types, path, from_text=from_text)
        case inspect.StructType():
            return _struct(value, info, path, from_text=from_text)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return _list(value, info, item, path, from_text=from_text)
        case inspect.DictType(value_type=of_values):
            if not isinstance(value, dict):
                raise _wrong(path, value, info)
            return {
                name: checked(each, of_values, f"{path}.{name}", from_text=from_text) for name, each in value.items()
            }
        case inspect.StrType() | inspect.IntType() | inspect.FloatType() | inspect.BoolType() | inspect.LiteralType():
            return _scalar(value, info, path, from_text=from_text)
        case _:
            return value


def allowed(info: inspect.Type) -> str:
    """The values that a type allows, in words: ``a whole number from 1 to 50``."""
    match info:
        case inspect.Metadata(type=inner):
            return allowed(inner)
        case inspect.UnionType(types=types):
            return " or ".join(allowed(each) for each in types if not isinstance(each, inspect.NoneType))
        case inspect.LiteralType(values=values):
            return ", ".join(str(each) for each in values if each != "")
        case inspect.StrType(min_length=low, max_length=high):
            return "a text" + _counted("character", low, high)
        case inspect.IntType():
            return "a whole number" + _between(info)
        case inspect.FloatType():
            return "a number" + _between(info)
        case inspect.BoolType():
            return "true or false"
        case inspect.VarTupleType(min_length=low, max_length=high) | inspect.ListType(min_length=low, max_length=high):
            return "a list" + _counted("item", low, high)
        case _:
            return "an object"


def _one_of(value: Any, types: tuple[inspect.Type, ...], path: str, *, from_text: bool) -> Any:
    if value is None and any(isinstance(each, inspect.NoneType) for each in types):
        return None
    others = [each for each in types if not isinstance(each, inspect.NoneType)]
    if len(others) == 1:
        return checked(value, others[0], path, from_text=from_text)
    for each in others:
        try:
            return checked(value, each, path, from_text=from_text)
        except ProtocolError:
            continue
    raise InvalidField(path or _WHOLE, value, " or ".join(map(allowed, others)))


def _struct(value: Any, info: inspect.StructType, path: str, *, from_text: bool) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, value, info)
    made = {}
    for field in info.fields:
        name = field.encode_name
        inner = f"{path}.{name}" if path else name
        if name in value:
            made[name] = checked(value[name], field.type, inner, from_text=from_text)
        elif field.required:
            raise ProtocolError(BAD_REQUEST, f"{inner}: is missing")
    if info.tag_field is not None and info.tag_field in value:
        made[info.tag_field] = value[info.tag_field]
    return made


def _list(
    value: Any, info: inspect.VarTupleType | inspect.ListType, item: inspect.Type, path: str, *, from_text: bool
) -> Any:
    if not isinstance(value, list) or not _fits(len(value), info.min_length, info.max_length):
        raise _wrong(path, value, info)
    return [checked(each, item, f"{path}[{index}]", from_text=from_text) for index, each in enumerate(value)]


def _scalar(value: Any, info: inspect.Type, path: str, *, from_text: bool) -> Any:
    read, fits = _READERS[type(info)]
    found = read(value, from_text)
    if found is None or not fits(found, info):
        raise _wrong(path, value, info)
    return found


def _text(value: Any, from_text: bool) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any, from_text: bool) -> int | None:
    if from_text and isinstance(value, str):
        written = _NUMBER.fullmatch(value)
        return int(value) if written and not written["rest"] and len(value) < 20 else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any, from_text: bool) -> float | None:
    if from_text and isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) and len(value) < 40 else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any, from_text: bool) -> bool | None:
    if from_text and isinstance(value, str):
        return _FLAGS.get(value.lower())
    return value if isinstance(value, bool) else None


def _literal(value: Any, from_text: bool) -> Any:
    return _whole(value, from_text) if from_text and _whole(value, True) is not None else value


def _fits_literal(value: Any, info: Any) -> bool:
    return any(value == each and type(value) is type(each) for each in info.values)


def _fits_text(value: str, info: Any) -> bool:
    return _fits(len(value), info.min_length, info.max_length)


def _fits_range(value: float, info: Any) -> bool:
    return _fits(value, info.ge, info.le) and not (
        (info.gt is not None and value <= info.gt) or (info.lt is not None and value >= info.lt)
    )


_READERS: Final[dict[type, tuple[Callable[[Any, bool], Any], Callable[[Any, Any], bool]]]] = {
    inspect.StrType: (_text, _fits_text),
    inspect.IntType: (_whole, _fits_range),
    inspect.FloatType: (_number, _fits_range),
    inspect.BoolType: (_flag, lambda _, __: True),
    inspect.LiteralType: (_literal, _fits_literal),
}
_WHOLE: Final = "the request"


def _fits(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _between(info: inspect.IntType | inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return (
            f" from {info.ge:g} to {info.le:g}"
            if isinstance(info, inspect.FloatType)
            else f" from {info.ge} to {info.le}"
        )
    if info.ge is not None:
        return f" of at least {info.ge:g}"
    return f" above {info.gt:g}" if info.gt is not None else ""


def _counted(what: str, low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" of at least {low} {what}{'s' if low != 1 else ''}"
    return f" of {low or 0} to {high} {what}s" if low else f" of at most {high} {what}s"


def _wrong(path: str, value: Any, info: inspect.Type) -> InvalidField:
    return InvalidField(path or _WHOLE, value, allowed(info))
