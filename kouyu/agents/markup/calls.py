"""Parses the tool calls that a model wrote into its text from the bodies between the marks."""

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec
import regex

from kouyu.agents.markup.call_forms import WrittenCall, json_calls, json_values, python_calls, tagged_calls
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.text.untrusted_json import decode_untrusted

log = logging.getLogger(__name__)

_NUMBERED: Final = regex.compile(r"^(?:functions|tools)\.|:\d+$")
_TYPED: Final = frozenset({"integer", "number", "boolean", "object", "array", "null"})


class MarkupCalls:
    """The tool calls of one answer. Calls of tools that are not offered, and unreadable ones, are dropped; the first of
    them is logged, without its arguments."""

    def __init__(self, tools: Sequence[dict[str, Any]]) -> None:
        self._parameters: dict[str, dict[str, Any]] = {}
        for tool in tools:
            function = tool.get("function", {})
            self._parameters[function.get("name", "")] = (function.get("parameters") or {}).get("properties") or {}
        self._calls: list[ToolCall] = []
        self.dropped = 0
        """How many bodies between marks were not calls."""

    @property
    def names(self) -> frozenset[str]:
        """The tools that may be called."""
        return frozenset(self._parameters)

    def add(self, body: str, *, recipient: str = "") -> None:
        """Parse the calls of one block; ``recipient`` is the tool if the marks name it."""
        written = read_calls(body, recipient=recipient)
        for call in written:
            name = self._offered(call.name)
            if name is None:
                self._drop("the model wrote a call of the tool %.64r, which it was not offered", call.name)
                continue
            self._keep(name, msgspec.json.encode(self._typed(name, call)).decode())
        if not written:
            self._drop("the model wrote %d characters of tool-call markup that name no tool", len(body))

    def _drop(self, told: str, what: object) -> None:
        self.dropped += 1
        if self.dropped == 1:
            log.warning(told, what)

    def calls(self) -> tuple[ToolCall, ...]:
        """All calls in order, without duplicates."""
        return tuple(self._calls)

    def is_none(self, body: str) -> bool:
        """Whether a text without marks is not a call but, for example, other JSON."""
        if body.lstrip().startswith(("{", "[", "```", "functools", "Action")):
            return not read_calls(body) and next(json_values(body), None) is not None
        return not read_calls(body)

    def text_in(self, body: str) -> str | None:
        """Return the answer that a small model wrote into a call of a nonexistent tool: the only text among its
        arguments. None for a call of an offered tool, and if there is no such text."""
        written = read_calls(body)
        if len(written) != 1 or self._offered(written[0].name) is not None:
            return None
        values = list(written[0].arguments.values())
        return values[0] if len(values) == 1 and isinstance(values[0], str) and " " in values[0] else None

    def _keep(self, name: str, arguments: str) -> None:
        function = Function(name, arguments)
        if all(call.function != function for call in self._calls):
            self._calls.append(ToolCall(id=f"call_{uuid4().hex}", function=function))

    def _offered(self, name: str) -> str | None:
        plain = _NUMBERED.sub("", _NUMBERED.sub("", name))
        return next((each for each in (name, plain) if each in self._parameters), None)

    def _typed(self, name: str, call: WrittenCall) -> dict[str, Any]:
        """Return the arguments, those written as bare text converted to the types that the tool requires."""
        if not call.untyped:
            return call.arguments
        properties = self._parameters[name]
        return {key: _as_asked(value, properties.get(key) or {}) for key, value in call.arguments.items()}


def read_calls(body: str, *, recipient: str = "") -> list[WrittenCall]:
    """Parse the calls in ``body``, in any form; none if it cannot be parsed."""
    body = body.replace("]<]minimax[>[", "").replace("<0x0A>", "\n").strip()
    forms = (tagged_calls, python_calls, json_calls)
    if body.startswith(("{", "[{", "```", "functools")):
        forms = (json_calls, python_calls, tagged_calls)
    for form in forms:
        if calls := list(form(body, recipient)):
            return calls
    return []


def _as_asked(value: Any, schema: dict[str, Any]) -> Any:
    kinds = schema.get("type")
    wanted = set(kinds) if isinstance(kinds, list) else {kinds}
    if not isinstance(value, str) or not wanted & _TYPED:
        return value
    try:
        return decode_untrusted(value.strip().lower() if "boolean" in wanted else value.strip())
    except msgspec.DecodeError:
        return value
