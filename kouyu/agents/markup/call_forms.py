"""Parsers for the forms in which model families write a tool call: JSON, tags and Python.

Each parses one body, the text between the marks of a block, and yields nothing if the body has another form.
"""

import ast
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import regex


class WrittenCall(msgspec.Struct, frozen=True):
    """A call as the model wrote it; ``untyped`` arguments are bare text, whatever type the tool requires."""

    name: str
    arguments: dict[str, Any]
    untyped: bool = False


_NAME_KEYS: Final = ("name", "tool_name", "function", "tool")
_ARGUMENT_KEYS: Final = ("arguments", "parameters", "args", "input")
_DECODER: Final = json.JSONDecoder(strict=False)
_LONGEST_PYTHON: Final = 4000

# JSON

_NAMED_JSON: Final = regex.compile(
    r"(?:^|(?<=[\s>｜|\]]))(?P<name>[A-Za-z_][\w.-]{0,63}(?::\d{1,4})?)"
    r"(?:<[^<>{}]{1,60}>|\[CALL_ID\][\w-]{0,64}|\[ARGS\]|\s{0,4}✿ARGS✿:|\s|```(?:json)?|>){0,6}(?=\{)"
)
"""A name followed by JSON: Mistral, Kimi, DeepSeek, functionary, Qwen-Agent."""
_CHANNEL_WORDS: Final = frozenset({"function", "json", "commentary", "assistant", "functools", "Action"})


def json_values(text: str) -> Iterator[Any]:
    """Yield the consecutive JSON values in a text, with any separators."""
    place = 0
    while (opening := regex.search(r"[{\[]", text, pos=place)) is not None:
        start = opening.start()
        try:
            value, place = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            if not text.startswith("{{", start):
                return
            try:
                value, place = _DECODER.raw_decode(text, start + 1)
            except (ValueError, RecursionError):
                return
        yield value


def json_calls(body: str, recipient: str) -> Iterator[WrittenCall]:
    """Parse ``{"name": …, "arguments": {…}}``, alone or in lists; ``NAME{…}``; with a ``recipient``, bare arguments."""
    if recipient:
        for value in json_values(body):
            if isinstance(value, dict):
                yield WrittenCall(recipient, value)
        return
    named = [match for match in _NAMED_JSON.finditer(body) if match["name"] not in _CHANNEL_WORDS]
    if named and "{" not in body[: named[0].start()]:
        for match in named:
            value = next(json_values(body[match.end() :]), None)
            if isinstance(value, dict):
                yield WrittenCall(match["name"], value)
        return
    for value in json_values(body):
        for each in value if isinstance(value, list) else [value]:
            yield from _json_call(each)


def _json_call(value: Any) -> Iterator[WrittenCall]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("tool_calls"), list):
        for each in value["tool_calls"]:
            yield from _json_call(each)
        return
    if isinstance(value.get("function"), dict):
        yield from _json_call(value["function"])
        return
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    arguments = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if isinstance(arguments, str):
        arguments = next(json_values(arguments), None)
    if name and isinstance(arguments, dict):
        yield WrittenCall(name, arguments)
    elif len(value) == 1 and not name and isinstance(only := next(iter(value.values())), dict):
        yield WrittenCall(next(iter(value)), only)


# Tags

_NAMESPACE: Final = regex.compile(r"(?<=</?)(?:｜(?:DSML|GCML)｜ ?|(?:minimax|atem|seed|steptml|rfl):|longcat_|ifm\|)")
_SUFFIX: Final = regex.compile(r"(?<=</?(?:tool_calls?|tool_sep|arg_key|arg_value)):[\w.-]{1,24}(?=>)")
_FUNCTION: Final = regex.compile(
    r"<(?:function=(?P<name>[\w.-]{1,64})|(?:invoke|function) name=\"(?P<name>[^\"<>]{1,64})\")>"
    r"(?P<inside>.*?)(?:</(?:function|invoke)>|$)",
    regex.DOTALL,
)
_PARAMETER: Final = regex.compile(
    r"<(?:parameter=(?P<key>[\w.-]{1,64})|param(?:eter)? name=\"(?P<key>[^\"<>]{1,64})\"(?P<rest>[^<>]{0,80}))>"
    r"(?P<value>.*?)(?:</param(?:eter)?>|(?=<parameter)|$)",
    regex.DOTALL,
)
_PLAIN_TAG: Final = regex.compile(r"<(?P<key>[A-Za-z_][\w.-]{0,63})>(?P<value>[^<]*)</(?:(?P=key))?>")
_GLM: Final = regex.compile(
    r"^\s*(?P<name>[A-Za-z_][\w.-]{0,63})\s*(?:<tool_sep>)?\s*(?P<inside>(?:<arg_key>.*)?)$", regex.DOTALL
)
_GLM_CALL: Final = regex.compile(r"<tool_call>|</tool_call>")
_GLM_ARGUMENT: Final = regex.compile(
    r"<arg_key>(?P<key>.*?)</arg_key>\s*<arg_value>(?P<value>.*?)(?:</arg_value>|$)", regex.DOTALL
)
_K3_CALL: Final = regex.compile(
    r"<\|open\|>call tool=\"(?P<name>[^\"]{1,64})\"[^<]{0,80}<\|sep\|>(?P<inside>.*?)(?:<\|close\|>call<\|sep\|>|$)",
    regex.DOTALL,
)
_K3_ARGUMENT: Final = regex.compile(
    r"<\|open\|>argument key=\"(?P<key>[^\"]{1,64})\"[^<]{0,80}<\|sep\|>(?P<value>.*?)<\|close\|>argument<\|sep\|>",
    regex.DOTALL,
)
_COLON_CALL: Final = regex.compile(r"call:(?P<name>[\w.-]{1,64})\{(?P<inside>.*)\}", regex.DOTALL)
_QUOTED: Final = r"<escape>(?P<value>.*?)<escape>|<\|\"\|>(?P<value>.*?)<\|\"\|>"
_COLON_ARGUMENT: Final = regex.compile(rf"(?P<key>[\w.-]{{1,64}}):(?:{_QUOTED}|(?P<value>[^,{{}}\[\]]*))", regex.DOTALL)


def tagged_calls(body: str, recipient: str) -> Iterator[WrittenCall]:
    """Parse Qwen3-Coder's ``<function=N><parameter=k>v``, ``<invoke name="N">`` of MiniMax and DeepSeek, GLM's
    ``NAME<arg_key>``, Kimi K3's sections, and Gemma's ``call:N{k:v}``."""
    body = _SUFFIX.sub("", _NAMESPACE.sub("", body))
    if "<|open|>" in body:
        for call in _K3_CALL.finditer(body):
            yield WrittenCall(call["name"], _arguments(_K3_ARGUMENT, call["inside"]), untyped=True)
    elif (colon := _COLON_CALL.search(body)) is not None:
        yield WrittenCall(colon["name"], _arguments(_COLON_ARGUMENT, colon["inside"]), untyped=True)
    elif _FUNCTION.search(body):
        for call in _FUNCTION.finditer(body):
            yield from _function(call["name"], call["inside"])
    else:
        for part in _GLM_CALL.split(body):
            if (call := _GLM.match(part)) is not None:
                yield WrittenCall(call["name"], _arguments(_GLM_ARGUMENT, call["inside"]), untyped=True)


def _function(name: str, inside: str) -> Iterator[WrittenCall]:
    whole = inside.strip()
    if whole.startswith("{"):
        value = next(json_values(whole), None)
        if isinstance(value, dict):
            yield WrittenCall(name, value)
        return
    form = _PARAMETER if "<param" in whole else _PLAIN_TAG
    yield WrittenCall(name, _arguments(form, whole), untyped=True)


def _arguments(form: regex.Pattern[str], text: str) -> dict[str, Any]:
    return {match["key"]: match["value"].strip("\n") for match in form.finditer(text)}


# Python


def python_calls(body: str, recipient: str) -> Iterator[WrittenCall]:
    """Parse ``[f(a=1), g(b="x")]``, or bare calls, one per line; only keywords and literals."""
    text = body.strip().removeprefix("```python").removeprefix("```tool_code").removeprefix("```").removesuffix("```")
    if "(" not in text or len(text) > _LONGEST_PYTHON:
        return
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in tree.body:
        if not isinstance(statement, ast.Expr):
            return
        value = statement.value
        for call in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if not isinstance(call, ast.Call) or call.args or any(key.arg is None for key in call.keywords):
                return
            try:
                arguments = {str(key.arg): ast.literal_eval(key.value) for key in call.keywords}
            except (ValueError, TypeError, RecursionError):
                return
            yield WrittenCall(ast.unparse(call.func).removesuffix(".call"), arguments)
