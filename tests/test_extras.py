"""A light installation holds the client, the protocol and the conversation core; the rest says what it needs."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kouyu.engines import engine_registry
from kouyu.engines.declaration import Kind
from kouyu.extras import BASE, EXTRA_OF, pip
from kouyu.settings.all_settings import EngineSettings

NOT_IMPORTED: Final = {"asyncpg", "httptools", "opentelemetry", "pip"}
"""Modules that are run, named in a URL, or imported by other libraries."""
ROOT: Final = Path(__file__).parent.parent
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LIGHT: Final = (
    "kouyu.cli.main",
    "kouyu.cli.replay",
    "kouyu.cli.talk",
    "kouyu.cli.play",
    "kouyu.cli.cassette",
    "kouyu.cli.proxy",
    "kouyu.testing",
    "kouyu.cli.licences",
    "kouyu.extras",
    "kouyu.settings",
)
LIGHT_PACKAGES: Final = ("cassettes", "client", "conversation", "domain", "player", "protocol", "proxy")
WITHOUT_THE_EXTRAS: Final = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(EXTRA_OF)}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""
"""Python code that makes the libraries of all extras look as if they were not installed."""


def run_light(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRAS + code], capture_output=True, text=True, check=False
    )


def imported() -> set[str]:
    """The top-level modules that kouyu imports anywhere, without its own and the standard library's."""
    found: set[str] = set()
    for file in (ROOT / "kouyu").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            match node:
                case ast.Import(names=names):
                    found |= {alias.name.partition(".")[0] for alias in names}
                case ast.ImportFrom(module=str(module), level=0):
                    found.add(module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"kouyu"}


def installed_with(requirements: Iterable[str]) -> set[str]:
    """The distributions that these requirements install, with all that they need in turn."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        if name == "kouyu":
            waiting += [(Requirement(text), "") for wanted in requirement.extras for text in of_extra(wanted)]
        elif name not in found:
            found.add(name)
            inner = [Requirement(text) for text in distribution(name).requires or ()]
            waiting += [(each, wanted) for each in inner for wanted in (requirement.extras or {""})]
    return found


def of_extra(name: str) -> list[str]:
    extra: list[str] = PROJECT["optional-dependencies"][name]
    return extra


def distributions_of(modules: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    known = packages_distributions()
    for module in known.keys() & set(modules):
        yield module, {str(canonicalize_name(name)) for name in known[module]}


def test_every_module_that_kouyu_imports_is_in_the_base_or_in_an_extra() -> None:
    assert sorted(imported() - BASE - set(EXTRA_OF)) == []
    assert sorted((BASE | set(EXTRA_OF)) - imported() - NOT_IMPORTED) == []


def test_the_base_brings_its_modules() -> None:
    brought = installed_with(PROJECT["dependencies"])
    assert [module for module, names in distributions_of(BASE) if not names & brought] == []


@pytest.mark.parametrize("extra", sorted(set(EXTRA_OF.values())))
def test_each_extra_brings_its_modules(extra: str) -> None:
    modules = [module for module, name in EXTRA_OF.items() if name == extra]
    try:
        brought = installed_with([*PROJECT["dependencies"], *of_extra(extra)])
    except ModuleNotFoundError as lacking:
        pytest.skip(f"{lacking.name} is not installed here")
    assert [module for module, names in distributions_of(modules) if not names & brought] == []


def test_the_client_the_protocol_and_the_core_need_nothing_of_the_extras() -> None:
    packages = (file for package in LIGHT_PACKAGES for file in (ROOT / "kouyu" / package).rglob("*.py"))
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in packages]
    done = run_light("".join(f"import {module}\n" for module in (*LIGHT, *sorted(modules))))
    assert done.returncode == 0, done.stderr


def test_an_engine_process_needs_what_its_extra_brings_and_nothing_else() -> None:
    brought = installed_with([*PROJECT["dependencies"], *of_extra("engines")])
    absent = sorted(module for module, names in distributions_of(EXTRA_OF) if not names & brought)
    assert {"litestar", "sqlalchemy", "xllamacpp", "cryptography"} <= set(absent)
    kinds: tuple[Kind, ...] = ("asr", "tts", "turn", "voiceprint")
    modules = ["kouyu.cli.engines", "kouyu.cli.models", *(
        engine_registry.BUILT_IN[kind][name].partition(":")[0]
        for kind, name in EngineSettings().chosen if kind in kinds
    )]  # fmt: skip
    code = WITHOUT_THE_EXTRAS.replace(str(sorted(EXTRA_OF)), str(absent)) + "".join(
        f"import {each}\n" for each in modules
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "pip install 'kouyu[embedded]', then the model weights: kouyu models fetch\n"),
        (["models", "list"], "pip install 'kouyu[server]'\n"),
        (["token", "list"], "pip install 'kouyu[server]'\n"),
        (["bench", "latency"], "pip install 'kouyu[server]'\n"),
    ],
    ids=["serve", "models", "token", "bench"],
)
def test_a_command_whose_packages_are_missing_says_in_one_line_what_to_install(arguments: list[str], said: str) -> None:
    done = run_light(f"from kouyu.cli.main import main; main({arguments!r})")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: kouyu {arguments[0]} needs ")
    assert done.stderr.endswith(said)
    assert done.stderr.count("\n") == 1


def test_local_certificates_name_the_extra_that_brings_them() -> None:
    cassette = ROOT / "tests" / "traces" / "cassette"
    done = run_light(f"from kouyu.cli.main import main; main(['play', {str(cassette)!r}, '--tls'])")
    assert done.returncode == 1
    assert done.stderr.endswith("pip install 'kouyu[testing]', or give --tls-cert and --tls-key\n")


def test_the_client_works_beside_the_settings_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kouyu.toml").write_text('[data]\ndir = "data"\n\n[engines.whisper]\nthreads = 2\n')
    monkeypatch.chdir(tmp_path)
    done = run_light(
        "from kouyu.cli.main import main; main(['talk', '--text', 'hello', '--url', 'http://127.0.0.1:9'])"
    )
    assert done.stderr == f"Error: give the access token with --token: there is none at {tmp_path}/data/token\n"


def test_a_missing_module_of_no_extra_keeps_its_traceback() -> None:
    done = run_light("import kouyu.cli.main as m; m.COMMANDS['gone'] = ''; m.main(['gone'])")
    assert "ModuleNotFoundError: No module named 'kouyu.cli.gone'" in done.stderr


def test_the_pip_that_is_named_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = tmp_path / "checkout" / ".venv" / "bin"
    commands.mkdir(parents=True)
    (commands / "pip").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(commands / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert pip() == "checkout/.venv/bin/pip"
    monkeypatch.chdir(commands)
    assert pip() == str(commands / "pip")
    monkeypatch.setenv("PATH", str(commands))
    assert pip() == "pip"
    (commands / "pip").unlink()
    assert pip() == f"{commands}/python -m pip"
