"""Every text, list and number of a request has a limit: at it, a request is taken, and beyond it, told field, value and
limit."""

import ast
import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec import inspect

from kouyu.domain.content import LONGEST_ADDRESS, LONGEST_TEXT, MOST_PARTS
from kouyu.domain.errors import META_DATA_OVER_LIMIT, TOO_MANY_MESSAGES, InvalidField
from kouyu.server.rest.bot_requests import PublishedBotsQuery
from kouyu.server.rest.chat_requests import CreateChat, CreateWorkflowChat, asked_of_bot, asked_of_flow
from kouyu.server.rest.entered_messages import EnterMessage, at_most, entered_message
from kouyu.server.rest.feedback import GivenFeedback
from kouyu.server.rest.shapes import checked
from kouyu.server.rest.workspaces import WORKSPACE_ID, check_workspace
from kouyu.serving.caller import UNLIMITED

ROOT: Final = Path(__file__).parents[3]
READERS: Final = {"typed_body": False, "typed_query": True, "typed_form": True, "request_of": False}
"""Functions that read a request into a struct, and whether its numbers are texts."""
CHECKED_LATER: Final = {
    "additional_messages",
    "messages",
    "content",
    "meta_data",
    "custom_variables",
    "extra_params",
    "ext",
    "parameters",
    "shortcut_command",
    "input",
}
"""Fields whose limits no type can say; tested below, or beside their module."""
Wrap = Callable[[Any], Any]


def requests() -> dict[str, tuple[Any, bool]]:
    """Every type that a route reads, by name, and whether its numbers are texts."""
    found = {}
    for file in sorted((ROOT / "kouyu" / "server").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            match node:
                case ast.Call(func=ast.Name(id=reader), args=[_, ast.Name(id=name)]) if reader in READERS:
                    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
                    if hasattr(module, name):  # else it is an argument of a function that reads any type
                        found[name] = getattr(module, name), READERS[reader]
    return found


def example(info: inspect.Type) -> Any:
    """A value that is allowed."""
    match info:
        case inspect.Metadata(type=inner):
            return example(inner)
        case inspect.UnionType(types=types):
            return example(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.StructType(fields=fields):
            return {field.encode_name: example(field.type) for field in fields if field.required}
        case inspect.StrType(min_length=low):
            return "x" * (low or 1)
        case inspect.VarTupleType(item_type=item, min_length=low) | inspect.ListType(item_type=item, min_length=low):
            return [example(item)] * (low or 0)
        case inspect.IntType(ge=low) | inspect.FloatType(ge=low):
            return low or 1
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.DictType():
            return {}
        case _:
            return True


def in_struct(name: str, rest: dict[str, Any], wrap: Wrap) -> Wrap:
    return lambda value: wrap({**rest, name: value})


def fields(info: inspect.Type, path: str, wrap: Wrap) -> Iterator[tuple[str, inspect.Type, Wrap]]:
    """Every field below a type: its path in errors, its type, and what makes a whole request of its value."""
    match info:
        case inspect.Metadata(type=inner):
            yield from fields(inner, path, wrap)
        case inspect.UnionType(types=types):
            for each in types:
                yield from fields(each, path, wrap)
        case inspect.StructType(fields=inner_fields):
            for field in inner_fields:
                inner_path = f"{path}.{field.encode_name}".lstrip(".")
                yield from fields(field.type, inner_path, in_struct(field.encode_name, example(info), wrap))
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            yield path, info, wrap
            if info.max_length != 0:
                yield from fields(item, f"{path}[0]", lambda value: wrap([value]))
        case _:
            yield path, info, wrap


ALL: Final = {
    f"{name}.{path}": (kind, from_text, path, info, wrap)
    for name, (kind, from_text) in requests().items()
    for path, info, wrap in fields(inspect.type_info(kind), "", lambda body: body)
}


def limits(info: inspect.Type) -> Iterator[tuple[int | float, Any, Any]]:
    """The limits of a type: each with a value at it and one beyond it."""
    match info:
        case inspect.StrType(min_length=low, max_length=high):
            if high is not None:
                yield high, "x" * high, "x" * (high + 1)
            if low is not None:
                yield low, "x" * low, "x" * (low - 1)
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            if high is not None:
                yield high, [example(item)] * high, [example(item)] * (high + 1)
            if low is not None:
                yield low, [example(item)] * low, [example(item)] * (low - 1)
        case inspect.IntType(ge=low, le=high):
            yield from ((end, end, end + step) for end, step in ((low, -1), (high, 1)) if end is not None)
        case inspect.FloatType(ge=low, gt=above, le=high):
            yield from ((end, end, end + step) for end, step in ((low, -0.01), (high, 0.01)) if end is not None)
            if above is not None:
                yield above, above + 0.01, above


LIMITED: Final = [
    pytest.param(*ALL[name], *limit, id=f"{name} {limit[0]}") for name in ALL for limit in limits(ALL[name][3])
]


def read(kind: Any, body: Any, *, from_text: bool) -> Any:
    return msgspec.convert(checked(body, inspect.type_info(kind), "", from_text=from_text), kind)


def as_sent(value: Any, from_text: bool) -> Any:
    return str(value) if from_text and isinstance(value, int | float) else value


def test_the_routes_read_many_types() -> None:
    names = {name.partition(".")[0] for name in ALL}
    assert names >= {"CreateBot", "PublishedBotsQuery", "GivenFeedback", "CloneVoice", "GivenVariables", "GroupsQuery"}
    assert len(LIMITED) > 100


def test_every_text_list_and_map_has_a_limit() -> None:
    unlimited = [
        name
        for name, (_, _, path, info, _) in ALL.items()
        if isinstance(info, inspect.StrType | inspect.VarTupleType | inspect.ListType | inspect.DictType)
        and getattr(info, "max_length", None) is None
        and not CHECKED_LATER & set(path.replace("[0]", "").split("."))
    ]
    assert unlimited == []


def test_every_number_has_two_limits() -> None:
    numbers = [
        (name, info) for name, (*_, info, _) in ALL.items() if isinstance(info, inspect.IntType | inspect.FloatType)
    ]
    assert numbers
    assert [name for name, info in numbers if info.le is None or (info.ge is None and info.gt is None)] == []


@pytest.mark.parametrize(("kind", "from_text", "path", "info", "wrap", "limit", "at", "beyond"), LIMITED)
def test_a_value_at_a_limit_is_taken_and_one_beyond_it_is_told_field_value_and_limit(
    kind: Any, from_text: bool, path: str, info: inspect.Type, wrap: Wrap, limit: float, at: Any, beyond: Any
) -> None:
    read(kind, wrap(as_sent(at, from_text)), from_text=from_text)
    sent = as_sent(beyond, from_text)
    with pytest.raises(InvalidField) as told:
        read(kind, wrap(sent), from_text=from_text)
    assert told.value.field == path
    assert told.value.msg.startswith(f"{path}: {json.dumps(sent, ensure_ascii=False)[:100]}")
    assert f"{limit:g}" in told.value.allowed or str(limit) in told.value.allowed
    assert len(told.value.msg) < 300


# Limits that no type can say


def asked(**fields: Any) -> object:
    wanted = read(CreateChat, {"bot_id": "kouyu", **fields}, from_text=False)
    return asked_of_bot(wanted, "", None, UNLIMITED)  # type: ignore[arg-type]


def asked_flow(**fields: Any) -> object:
    return asked_of_flow(read(CreateWorkflowChat, {"workflow_id": "7", **fields}, from_text=False), None, UNLIMITED)  # type: ignore[arg-type]


def entered(content: Any, **fields: Any) -> object:
    return entered_message(read(EnterMessage, {"role": "user", "content": content, **fields}, from_text=False))


MESSAGE: Final = {"role": "user", "content": "hi"}
TEXT: Final = {"type": "text", "text": "x"}


def pairs(count: int) -> dict[str, str]:
    return {f"k{number}": "v" for number in range(count)}


@pytest.mark.parametrize(
    ("send", "field", "limit"),
    [
        (lambda over: asked(additional_messages=[MESSAGE] * (100 + over)), "additional_messages", 100),
        (lambda over: asked(meta_data=pairs(16 + over)), "meta_data", 16),
        (lambda over: asked(meta_data={"k" * (64 + over): "v"}), "meta_data", 64),
        (lambda over: asked(meta_data={"k": "v" * (512 + over)}), "meta_data.k", 512),
        (lambda over: asked(custom_variables=pairs(64 + over)), "custom_variables", 64),
        (lambda over: asked(custom_variables={"k" * (128 + over): "v"}), "custom_variables", 128),
        (lambda over: asked(custom_variables={"k": "v" * (16_384 + over)}), "custom_variables.k", 16_384),
        (lambda over: asked(extra_params=pairs(16 + over)), "extra_params", 16),
        (lambda over: asked(extra_params={"latitude": str(90 + over)}), "extra_params.latitude", 90),
        (lambda over: asked(parameters={"x": "x" * (65_536 - 8 + over)}), "parameters", 65_536),
        (lambda over: asked_flow(ext=pairs(16 + over)), "ext", 16),
        (lambda over: asked_flow(ext={"user_id": "u" * (512 + over)}), "ext.user_id", 512),
        (lambda over: asked_flow(parameters={"x": "x" * (65_536 - 8 + over)}), "parameters", 65_536),
        (lambda over: asked_flow(additional_messages=[MESSAGE] * (100 + over)), "additional_messages", 100),
        (lambda over: entered("x" * (LONGEST_TEXT + over)), "content", LONGEST_TEXT),
        (lambda over: entered([TEXT] * (MOST_PARTS + over)), "content", MOST_PARTS),
        (
            lambda over: entered([{"type": "file", "file_id": "x" * (LONGEST_ADDRESS + over)}]),
            "content[0].file_id",
            LONGEST_ADDRESS,
        ),
        (lambda over: entered("hi", meta_data=pairs(16 + over)), "meta_data", 16),
        (lambda over: at_most(16, (EnterMessage(**MESSAGE),) * (16 + over), "messages", 4000), "messages", 16),  # type: ignore[arg-type]
    ],
)
def test_what_no_type_can_limit_is_limited_too(send: Callable[[int], object], field: str, limit: int) -> None:
    send(0)
    with pytest.raises(InvalidField) as told:
        send(1)
    assert told.value.field == field
    assert str(limit) in told.value.allowed


def test_too_many_messages_and_pairs_have_codes_of_their_own() -> None:
    for fields_sent, code in (
        ({"additional_messages": [MESSAGE] * 101}, TOO_MANY_MESSAGES),
        ({"meta_data": pairs(17)}, META_DATA_OVER_LIMIT),
    ):
        with pytest.raises(InvalidField) as told:
            asked(**fields_sent)
        assert told.value.code == code


@pytest.mark.parametrize("field", ["space_id", "workspace_id"])
def test_a_workspace_is_the_one_there_is_or_left_out(field: str) -> None:
    for workspace_id in ("", WORKSPACE_ID):
        check_workspace(field, workspace_id)
    with pytest.raises(InvalidField) as told:
        check_workspace(field, "2")
    assert told.value.msg == f'{field}: "2" is not allowed; allowed: "1", the one workspace of this server'


def test_a_query_of_bots_is_told_of_the_first_field_that_is_wrong() -> None:
    with pytest.raises(InvalidField) as told:
        read(PublishedBotsQuery, {"space_id": "1", "page_index": "0", "page_size": "101"}, from_text=True)
    assert told.value.msg == 'page_index: "0" is not allowed; allowed: a whole number from 1 to 1000000'


def test_feedback_is_one_of_its_kinds() -> None:
    assert read(GivenFeedback, {"feedback_type": "like", "reason_types": ["a"] * 20}, from_text=False).comment == ""
    with pytest.raises(InvalidField) as told:
        read(GivenFeedback, {"feedback_type": "love"}, from_text=False)
    assert told.value.msg == 'feedback_type: "love" is not allowed; allowed: like, unlike'
