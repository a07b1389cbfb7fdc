"""Each package imports only from those below it in the table of docs/design.md; further rules are defined here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)
PACKAGES = ROW.findall((ROOT / "docs" / "design.md").read_text(encoding="utf-8"))
"""Highest first."""
SERVER = (
    ("process",),
    ("app", "health", "metrics", "pages"),
    ("kouyu_api", "openai_api", "sign_in"),
    ("rest",),
    ("sockets",),
    ("peers",),
    ("openapi",),
    ("access",),
    ("siblings",),
)
"""The levels inside server/, highest first."""
CORE_IMPORTS = {"conversation", "domain", "text"}
PROTOCOL_IMPORTS = {"protocol", "domain"}
SIBLINGS = ("session", "audio_sessions", "text_chats")
QUESTIONS_READERS = {"bench", "cli"}


def modules(file: Path) -> Iterator[str]:
    """The modules of kouyu, or names in them, that a file imports anywhere, such as ``kouyu.text.joining``."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        match node:
            case ast.ImportFrom(module=str(module)):
                names = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Import():
                names = [alias.name for alias in node.names]
        yield from (name for name in names if name.startswith("kouyu."))


def imports(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Each import below ``folder``: the file, and the parts of what it imports without ``kouyu``."""
    for file in folder.rglob("*.py"):
        yield from ((str(file.relative_to(ROOT)), module.split(".")[1:]) for module in modules(file))


def test_every_package_is_in_the_table_once() -> None:
    packages = {file.parent.name for file in (ROOT / "kouyu").glob("*/__init__.py")}
    assert sorted(PACKAGES) == sorted(packages)


def test_each_package_imports_only_from_those_below_it() -> None:
    upward = [
        f"{file} imports from {module[0]}"
        for index, package in enumerate(PACKAGES)
        for file, module in imports(ROOT / "kouyu" / package)
        if module[0] in PACKAGES[:index]
    ]
    assert upward == []


@pytest.mark.parametrize(("package", "allowed"), [("conversation", CORE_IMPORTS), ("protocol", PROTOCOL_IMPORTS)])
def test_the_core_and_the_protocols_know_the_domain_and_not_each_other(package: str, allowed: set[str]) -> None:
    imported = list(imports(ROOT / "kouyu" / package))
    assert imported
    assert [f"{file} imports {module}" for file, module in imported if module[0] not in allowed] == []


@pytest.mark.parametrize("package", SIBLINGS)
def test_live_connections_audio_sessions_and_text_chats_do_not_import_each_other(package: str) -> None:
    imported = list(imports(ROOT / "kouyu" / package))
    assert imported
    others = set(SIBLINGS) - {package}
    assert [f"{file} imports {module}" for file, module in imported if module[0] in others] == []


def test_every_part_of_the_server_has_a_level() -> None:
    parts = {path.stem for path in (ROOT / "kouyu" / "server").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} == {part for level in SERVER for part in level}


def test_no_import_inside_the_server_runs_upward() -> None:
    level_of = {part: level for level, parts in enumerate(SERVER) for part in parts}
    upward = [
        f"{file} imports {module}"
        for file, module in imports(ROOT / "kouyu" / "server")
        if module[0] == "server" and level_of[module[1]] < level_of[Path(file).parts[2].removesuffix(".py")]
    ]
    assert upward == []


def test_the_spoken_questions_are_those_of_the_benchmarks_and_the_commands_alone() -> None:
    named = [file for file in (ROOT / "kouyu").rglob("*.py") if "bench.questions" in file.read_text(encoding="utf-8")]
    assert named
    packages = {file.relative_to(ROOT).parts[1] for file in named}
    evals = [file for file in (ROOT / "evals").rglob("*.py") if "bench.questions" in file.read_text(encoding="utf-8")]
    assert (packages - QUESTIONS_READERS, evals) == (set(), [])
