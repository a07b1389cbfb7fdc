"""The rules of CONTRIBUTING.md about kinds of classes, sizes and names hold in all of kouyu/."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "kouyu").rglob("*.py"))
TREES = {str(file.relative_to(ROOT)): ast.parse(file.read_bytes()) for file in FILES}
LONGEST_FILE: Final = 300
LONGEST_FUNCTION: Final = 60
VAGUE: Final = {"utils", "util", "helpers", "helper", "common", "manager"}
LONG_FILES: Final = {
    "kouyu/conversation/turns.py": 307,
    "kouyu/engines/asr/decoding.py": 306,
}
"""Files that are longer, and how long they may be. Nothing is added here, and no number grows: split the file."""
LONG_FUNCTIONS: Final[dict[str, int]] = {}
"""Functions that are longer, as above."""
STRUCT: Final = {"Struct", "msgspec.Struct"}
CHANGING: Final = {
    *("append", "appendleft", "extend", "insert", "add", "update", "setdefault", "write"),
    *("pop", "popleft", "popitem", "remove", "discard", "clear"),
}
"""Methods that change what they are called on."""


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for file, tree in TREES.items():
        yield from ((file, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def dataclass_options(kind: ast.ClassDef) -> dict[str, bool] | None:
    """The options of a dataclass; None for other classes."""
    for decorator in kind.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(called) in ("dataclass", "dataclasses.dataclass"):
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            return {each.arg or "": ast.literal_eval(each.value) for each in keywords}
    return None


def changed_names(tree: ast.Module) -> Iterator[str]:
    """Attributes that a module assigns to, or whose value it changes."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Subscript(value=ast.Attribute(attr=name), ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr=method)) if method in CHANGING:
                yield name


def changes(file: str, kind: ast.ClassDef) -> bool:
    """Whether a field of the class changes: in its module if it is private, in its package otherwise."""
    fields = {
        node.target.id for node in kind.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    seen_by = file if kind.name.startswith("_") else "/".join(file.split("/")[:2])
    return any(not fields.isdisjoint(changed_names(tree)) for path, tree in TREES.items() if path.startswith(seen_by))


def test_every_struct_is_frozen() -> None:
    structs = [(file, kind) for file, kind in classes() if STRUCT & set(map(ast.unparse, kind.bases))]
    assert len(structs) > 400
    frozen = ("frozen", "True")
    thawed = [
        f"{file}: {kind.name}"
        for file, kind in structs
        if frozen not in [(each.arg, ast.unparse(each.value)) for each in kind.keywords]
    ]
    assert thawed == []


def test_a_value_is_a_struct_and_no_other_kind_of_record() -> None:
    others = [
        f"{file}: {kind.name}"
        for file, kind in classes()
        if {"NamedTuple", "TypedDict"} & {ast.unparse(base).rpartition(".")[2] for base in kind.bases}
        or (dataclass_options(kind) or {}).get("frozen")
    ]
    assert others == []


def test_a_dataclass_has_slots_and_fields_that_change() -> None:
    found = [(file, kind, options) for file, kind in classes() if (options := dataclass_options(kind)) is not None]
    assert found
    assert [f"{file}: {kind.name}" for file, kind, options in found if not options.get("slots")] == []
    assert [f"{file}: {kind.name}" for file, kind, _ in found if not changes(file, kind)] == []


def too_long(sizes: dict[str, int], longest: int, allowed: dict[str, int]) -> list[str]:
    """What is longer than it may be, and what stands in ``allowed`` without being long."""
    beyond = [
        f"{name}: {size} lines, allowed: {allowed.get(name, longest)}"
        for name, size in sizes.items()
        if size > allowed.get(name, longest)
    ]
    return beyond + [f"{name} is not long: take it off the list" for name in allowed if sizes.get(name, 0) <= longest]


def test_no_file_is_long() -> None:
    sizes = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert too_long(sizes, LONGEST_FILE, LONG_FILES) == []


def test_no_function_is_long() -> None:
    sizes: dict[str, int] = {}
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{file}::{node.name}"
                sizes[name] = max(sizes.get(name, 0), (node.end_lineno or 0) - node.lineno + 1)
    assert too_long(sizes, LONGEST_FUNCTION, LONG_FUNCTIONS) == []


def test_the_name_of_a_module_says_what_it_holds() -> None:
    vague = [file for file in TREES if VAGUE & set(file.removesuffix(".py").replace("/", "_").split("_"))]
    assert vague == []
