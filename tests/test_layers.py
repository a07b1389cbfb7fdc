"""Each package imports only from those below it in the table of docs/design.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)
ROOMS = ROW.findall((ROOT / "docs" / "design.md").read_text(encoding="utf-8"))
"""From the top of the house down."""


def imports(file: Path) -> Iterator[str]:
    """The packages of kouyu that a file imports from, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        match node:
            case ast.ImportFrom(module="kouyu"):
                names = [f"kouyu.{alias.name}" for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                names = [module]
            case ast.Import():
                names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("kouyu."))


def test_every_package_is_in_the_table_once() -> None:
    packages = {file.parent.name for file in (ROOT / "kouyu").glob("*/__init__.py")}
    assert sorted(ROOMS) == sorted(packages)


def test_each_package_imports_only_from_those_below_it() -> None:
    upward = [
        f"{file.relative_to(ROOT)} imports from {imported}"
        for index, room in enumerate(ROOMS)
        for file in (ROOT / "kouyu" / room).rglob("*.py")
        for imported in imports(file)
        if imported in ROOMS[:index]
    ]
    assert upward == []
