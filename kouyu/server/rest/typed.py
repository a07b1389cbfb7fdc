"""Requests whose shape is a msgspec struct: read in one go, and shown in the OpenAPI document as they are read."""

import re
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request

from kouyu.protocol.client_json import JsonTooLarge, decode_json_of_anybody
from kouyu.protocol.errors import BAD_REQUEST, InvalidField, ProtocolError

T = TypeVar("T")

_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_WORDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_KIND: Final = re.compile(rf"^({'|'.join(_WORDS)})\b")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


async def typed_body(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The JSON body; null stands for a field that is left out (rest.md 1.3).

    Raises InvalidField, which names the field, its value and what is allowed, and ProtocolError.
    """
    try:
        given = _without_nulls(decode_json_of_anybody(await request.body() or b"null"))
    except JsonTooLarge as fault:
        raise ProtocolError(BAD_REQUEST, f"the body is too large: {fault}") from fault
    except (ValueError, RecursionError) as fault:
        raise ProtocolError(BAD_REQUEST, f"the body is not readable JSON: {fault}") from fault
    if not isinstance(given, dict | None):
        raise ProtocolError(BAD_REQUEST, "the body must be a JSON object")
    return _converted(given or {}, shape, strict=True)


def typed_query(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The query; an empty value stands for one that is left out. Raises InvalidField."""
    given = {name: value for name, value in request.query_params.items() if value}
    return _converted(given, shape, strict=False)


def typed_form(given: dict[str, str], shape: type[T]) -> T:
    """The texts of a form. Raises InvalidField, and ProtocolError for a part that is missing."""
    return _converted(dict(given), shape, strict=False)


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_nulls(each) for name, each in value.items() if each is not None}
        case list():
            return [_without_nulls(each) for each in value]
        case _:
            return value


def _converted(given: dict[str, Any], shape: type[T], *, strict: bool) -> T:
    try:
        return msgspec.convert(given, shape, strict=strict)
    except msgspec.ValidationError as fault:
        raise _told(str(fault), given, shape) from fault


def _told(fault: str, given: Any, shape: Any) -> ProtocolError:
    """What msgspec says, in this service's words."""
    found = _AT.match(fault)
    what, path = (found["what"], found["path"] or "") if found else (fault, "")
    if missing := re.match(r"Object missing required field `(.+)`", what):
        return ProtocolError(BAD_REQUEST, f"{path}.{missing[1]}: is missing".removeprefix("."))
    value, info = given, msgspec.inspect.type_info(shape)
    for name, index in _STEP.findall(path):
        value, info = _inside(value, info, name, index)
    allowed = re.sub(r"( \| null)?`?, got .*|`", "", what.removeprefix("Expected "))
    allowed = _KIND.sub(lambda kind: _WORDS[kind[0]], allowed)
    allowed = _allowed_by(info) or allowed
    return InvalidField(path.removeprefix(".") or "the request", value, allowed)


def _allowed_by(info: msgspec.inspect.Type) -> str:
    """What a type with few values, or with two ends, allows; "" for others."""
    match info:
        case msgspec.inspect.LiteralType(values=values):
            return ", ".join(str(each) for each in values if each != "")
        case msgspec.inspect.IntType(ge=int(low), le=int(high)):
            return f"{_WORDS['int']} from {low} to {high}"
        case msgspec.inspect.FloatType(ge=float() | int() as low, le=float() | int() as high):
            return f"{_WORDS['float']} from {low:g} to {high:g}"
        case _:
            return ""


def _inside(value: Any, info: msgspec.inspect.Type, name: str, index: str) -> tuple[Any, msgspec.inspect.Type]:
    """One step into a value, and into what its type is."""
    match info:
        case msgspec.inspect.StructType(fields=fields) if name:
            inner = next((field.type for field in fields if field.encode_name == name), info)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            inner = item
        case _:
            inner = info
    if isinstance(inner, msgspec.inspect.Metadata):
        inner = inner.type
    if isinstance(inner, msgspec.inspect.UnionType):
        inner = next(each for each in inner.types if not isinstance(each, msgspec.inspect.NoneType))
    if name:
        return (value.get(name) if isinstance(value, dict) else value), inner
    return (value[int(index)] if isinstance(value, list) and index.isdigit() else value), inner
