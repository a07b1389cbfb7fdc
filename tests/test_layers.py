"""Each package imports only from those below it in the table of docs/design.md; what goes beyond the table is here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)
ROOMS = ROW.findall((ROOT / "docs" / "design.md").read_text(encoding="utf-8"))
"""From the top of the house down."""
SERVER = (("process",), ("app", "health", "pages"), ("kouyu_api",), ("rest",), ("sockets",), ("openapi",), ("access",))
"""The floors of server/, from the top down."""
CORE_IMPORTS = {"conversation", "protocol", "text"}
SIBLINGS = ("session", "audio_sessions", "text_chats")
QUESTIONS_READERS = {"bench", "cli"}


def modules(file: Path) -> Iterator[str]:
    """The modules, or names in modules, of kouyu that a file imports, anywhere in it; ``kouyu.text.joining`` and the
    like."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        match node:
            case ast.ImportFrom(module=str(module)):
                names = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Import():
                names = [alias.name for alias in node.names]
        yield from (name for name in names if name.startswith("kouyu."))


def arrows(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Each import below ``folder``: the file, and the parts of what it imports without ``kouyu``."""
    for file in folder.rglob("*.py"):
        yield from ((str(file.relative_to(ROOT)), module.split(".")[1:]) for module in modules(file))


def test_every_package_is_in_the_table_once() -> None:
    packages = {file.parent.name for file in (ROOT / "kouyu").glob("*/__init__.py")}
    assert sorted(ROOMS) == sorted(packages)


def test_each_package_imports_only_from_those_below_it() -> None:
    upward = [
        f"{file} imports from {module[0]}"
        for index, room in enumerate(ROOMS)
        for file, module in arrows(ROOT / "kouyu" / room)
        if module[0] in ROOMS[:index]
    ]
    assert upward == []


def test_the_conversation_core_imports_the_protocol_and_text_alone() -> None:
    imported = list(arrows(ROOT / "kouyu" / "conversation"))
    assert imported
    assert [f"{file} imports {module}" for file, module in imported if module[0] not in CORE_IMPORTS] == []


@pytest.mark.parametrize("room", SIBLINGS)
def test_live_connections_audio_sessions_and_text_chats_do_not_import_each_other(room: str) -> None:
    imported = list(arrows(ROOT / "kouyu" / room))
    assert imported
    others = set(SIBLINGS) - {room}
    assert [f"{file} imports {module}" for file, module in imported if module[0] in others] == []


def test_every_part_of_the_server_has_a_floor() -> None:
    parts = {path.stem for path in (ROOT / "kouyu" / "server").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} == {part for floor in SERVER for part in floor}


def test_no_import_inside_the_server_runs_upward() -> None:
    floor_of = {part: floor for floor, parts in enumerate(SERVER) for part in parts}
    upward = [
        f"{file} imports {module}"
        for file, module in arrows(ROOT / "kouyu" / "server")
        if module[0] == "server" and floor_of[module[1]] < floor_of[Path(file).parts[2].removesuffix(".py")]
    ]
    assert upward == []


def test_the_spoken_questions_are_those_of_the_benchmarks_and_the_commands_alone() -> None:
    named = [file for file in (ROOT / "kouyu").rglob("*.py") if "bench.questions" in file.read_text(encoding="utf-8")]
    assert named
    rooms = {file.relative_to(ROOT).parts[1] for file in named}
    evals = [file for file in (ROOT / "evals").rglob("*.py") if "bench.questions" in file.read_text(encoding="utf-8")]
    assert (rooms - QUESTIONS_READERS, evals) == (set(), [])
