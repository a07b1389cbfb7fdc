"""Parses requests into msgspec structs; the OpenAPI document shows the same structs."""

import asyncio
import functools
from typing import Any, TypeVar

import msgspec
from litestar import Request

from kouyu.domain.client_json import MOST_CHARACTERS, JsonTooLarge, decode_json_of_anybody
from kouyu.domain.errors import BAD_REQUEST, ProtocolError
from kouyu.server.rest.shapes import checked

T = TypeVar("T")


async def typed_body(request: Request[Any, Any, Any], shape: type[T], *, most_bytes: int = MOST_CHARACTERS) -> T:
    """Parse the JSON body; a null field counts as left out (rest.md 1.3). A body of more than MOST_CHARACTERS, which
    holds files, is parsed on a thread.

    Raises InvalidField, which names the field, its value and what is allowed, and ProtocolError.
    """
    body = await request.body() or b"null"
    try:
        if len(body) > MOST_CHARACTERS:
            given = _without_nulls(await asyncio.to_thread(decode_json_of_anybody, body, most_bytes))
        else:
            given = _without_nulls(decode_json_of_anybody(body))
    except JsonTooLarge as fault:
        raise ProtocolError(BAD_REQUEST, f"the body is too large: {fault}") from fault
    except (ValueError, RecursionError) as fault:
        raise ProtocolError(BAD_REQUEST, f"the body is not readable JSON: {fault}") from fault
    if not isinstance(given, dict | None):
        raise ProtocolError(BAD_REQUEST, "the body must be a JSON object")
    return _converted(given or {}, shape, strict=True)


def typed_query(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """Parse the query; an empty value counts as left out. Raises InvalidField."""
    given = {name: value for name, value in request.query_params.items() if value}
    return _converted(given, shape, strict=False)


def typed_form(given: dict[str, str], shape: type[T]) -> T:
    """Parse the text parts of a form. Raises InvalidField, and ProtocolError for a missing part."""
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
    fitting = checked(given, _info(shape), "", from_text=not strict)  # type: ignore[arg-type]
    try:
        return msgspec.convert(fitting, shape)
    except msgspec.ValidationError as fault:  # raised by the struct's __post_init__
        raise ProtocolError(BAD_REQUEST, str(fault)) from fault


@functools.cache
def _info(shape: Any) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(shape)
