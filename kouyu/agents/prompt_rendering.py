"""Renders untrusted Jinja2 templates: cheap ones in this process, all others in a worker process.

Jinja2's sandbox protects Python's internals, but does not bound loops and the length of strings. A template without
loops, calls, arithmetic, concatenation and filters that lengthen text takes time and space in proportion to its own
length and that of its variables: it is cheap.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Final

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_PROMPT: Final = 200_000
"""Characters."""

_FILE_NAME: Final = "<template>"
_LONGEST_CODE: Final = 1_000
"""Most characters in a cheap template's tags: Jinja2 takes about 30 ms to compile them."""
_CHEAP_NODES: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Test,
    nodes.Filter,
    nodes.Tuple,
    nodes.List,
)
_CHEAP_FILTERS: Final = frozenset(
    ("capitalize", "count", "d", "default", "first", "int", "last", "length", "lower", "string", "title", "trim")
).union(("upper",))
_CHEAP_TESTS: Final = frozenset(("==", "!=", "defined", "eq", "equalto", "in", "ne", "none", "string", "undefined"))

environment: Final = ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined, autoescape=False)


class TemplateFault(Exception):
    """A template failed with these variables. The text says in which line, and why."""


class MalformedTemplate(TemplateFault):
    """A template fails on any."""


class PromptTooLong(TemplateFault):
    """A template's result is longer than LONGEST_PROMPT."""


class CheapTemplate:
    """A template cheap enough to render on the event loop."""

    def __init__(self, template: jinja2.Template, size: int) -> None:
        """``size``: its number of nodes."""
        self._template = template
        self.size = size

    def render(self, variables: dict[str, str]) -> str:
        """Raises TemplateFault."""
        return _rendered(self._template, variables)


def cheap_template(text: str) -> CheapTemplate | None:
    """Return the template if it is cheap, else None. Raises MalformedTemplate for syntax errors found on the way."""
    if _code_length(text) > _LONGEST_CODE:
        return None
    try:
        tree = environment.parse(text)
        size = 0
        for node in _all_nodes(tree):
            size += 1
            if not _is_cheap(node):
                _check_names(tree)
                return None
        return CheapTemplate(environment.from_string(text), size)
    except jinja2.TemplateSyntaxError as fault:
        raise MalformedTemplate(f"line {fault.lineno}: {fault.message or 'syntax error'}") from fault
    except RecursionError as fault:
        raise MalformedTemplate("line ?: nested too deeply") from fault


def rendered_prompt(text: str, variables: dict[str, str]) -> bytes:
    """Render any template, to UTF-8. Runs in the worker process. Raises TemplateFault."""
    try:
        template = environment.from_string(text)
    except jinja2.TemplateSyntaxError as fault:
        raise MalformedTemplate(f"line {fault.lineno}: {fault.message or 'syntax error'}") from fault
    except RecursionError as fault:
        raise MalformedTemplate("line ?: nested too deeply") from fault
    return _rendered(template, variables).encode(errors="replace")


def _rendered(template: jinja2.Template, variables: dict[str, str]) -> str:
    pieces: list[str] = []
    length = 0
    try:
        for piece in template.generate(variables):
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST_PROMPT:
                break
    except MemoryError:
        raise
    except Exception as fault:  # a template may raise anything
        line = _line(fault.__traceback__)
        raise TemplateFault(f"line {line or '?'}: {type(fault).__name__}: {fault}") from fault
    if length > LONGEST_PROMPT:
        raise PromptTooLong(f"its result is longer than {LONGEST_PROMPT} characters")
    return "".join(pieces).strip()


def _code_length(text: str) -> int:
    """Characters within tags."""
    length = place = 0
    while (begin := text.find("{", place)) >= 0:
        closing = {"{": "}}", "%": "%}", "#": "#}"}.get(text[begin + 1 : begin + 2])
        if closing is None:
            place = begin + 1
            continue
        end = text.find(closing, begin + 2)
        place = len(text) if end < 0 else end + 2
        length += place - begin
    return length


def _all_nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _is_cheap(node: nodes.Node) -> bool:
    match node:
        case nodes.Filter(name=name):
            return name in _CHEAP_FILTERS and node.node is not None
        case nodes.Test(name=name):
            return name in _CHEAP_TESTS
        case _:
            return isinstance(node, _CHEAP_NODES)


def _check_names(tree: nodes.Template) -> None:
    """Raise MalformedTemplate for unknown filters and tests, which Jinja2 detects only when it compiles."""
    for node in _all_nodes(tree):
        if isinstance(node, nodes.Filter) and node.name not in environment.filters:
            raise MalformedTemplate(f"line {node.lineno}: No filter named {node.name!r}.")
        if isinstance(node, nodes.Test) and node.name not in environment.tests:
            raise MalformedTemplate(f"line {node.lineno}: No test named {node.name!r}.")


def _line(trace: TracebackType | None) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
