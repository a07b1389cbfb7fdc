"""The extras of kouyu that bring its libraries: what to install where one is missing.

`pip install kouyu` has the client, the protocol and the conversation core; an extra adds what a server, or one of its
engines, imports. The extras themselves are in pyproject.toml.
"""

import shlex
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

BASE: Final = frozenset(
    {"ahocorasick", "click", "h11", "msgspec", "platformdirs", "pypinyin", "rapidfuzz", "rich", "websockets"}
)
"""Top-level modules that `pip install kouyu` brings."""

EXTRA_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "anyio",
            "av",
            "certifi",
            "cryptography",
            "filelock",
            "google",  # protobuf
            "httptools",
            "httpx",
            "httpx2",
            "jinja2",
            "jwt",
            "litestar",
            "mcp",
            "mcp_types",
            "multipart",
            "numpy",
            "onnxruntime",
            "pip",
            "prometheus_client",
            "pypdf",
            "regex",
            "soxr",
            "sqlalchemy",
            "threadpoolctl",
            "tomlkit",
            "uvicorn",
            "uvloop",
            "webrtc_noise_gain",
            "wetext",
        ),
        "server",
    ),
    **dict.fromkeys(("ctranslate2", "hibari", "jieba", "pinyin_to_ipa", "tokenizers", "xllamacpp"), "embedded"),
    "asyncpg": "postgres",
    "opentelemetry": "otel",
    "piper": "piper",
    "pytest": "testing",
    "sherpa_onnx": "emotion",
    "sounddevice": "microphone",
}
"""The extra that brings each other top-level module that kouyu imports; `embedded` has all of `server` too."""


def how_to_install(module: str) -> str | None:
    """The command that installs a module, such as `pip install 'kouyu[embedded]'`; None if it belongs to no extra."""
    extra = EXTRA_OF.get(module.partition(".")[0])
    return None if extra is None else f"{pip()} install 'kouyu[{extra}]'"


def pip() -> str:
    """The pip of this environment, as it is typed in this folder: the one on the PATH may be another's, or none."""
    beside = Path(sys.executable).with_name("pip")
    if (found := shutil.which("pip")) and Path(found) == beside:
        return "pip"
    if not beside.exists():
        return f"{shlex.quote(sys.executable)} -m pip"
    here = Path.cwd()
    is_below = here != beside.parent and beside.is_relative_to(here)
    return shlex.quote(str(beside.relative_to(here) if is_below else beside))


def missing(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the top-level modules that are not installed; nothing is imported."""
    return tuple(module for module in modules if find_spec(module) is None)
