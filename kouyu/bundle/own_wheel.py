"""The wheel of the kouyu that runs."""

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from kouyu import extras
from kouyu.bundle.errors import BundleError
from kouyu.bundle.pip import run_pip

_LEFT_BY_INSTALLERS: Final = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json")


class _Folder(msgspec.Struct, frozen=True):
    editable: bool = False


class _Origin(msgspec.Struct, frozen=True):
    """What pip writes about a package that came from no index."""

    url: str
    dir_info: _Folder = _Folder()


def own_wheel(folder: Path) -> Path:
    """Write the wheel of the running kouyu into ``folder``: built from its checkout, or from its installed files.

    Raises BundleError.
    """
    installed = distribution("kouyu")
    checkout = _checkout(installed)
    if checkout is None:
        return _packed(installed, folder)
    isolation = () if extras.missing(("hatchling",)) else ("--no-build-isolation",)
    run_pip("wheel", "--no-deps", *isolation, "--wheel-dir", str(folder), str(checkout))
    (built,) = folder.glob("kouyu-*.whl")
    return built


def _checkout(installed: Distribution) -> Path | None:
    """The folder of the sources, if kouyu runs from it."""
    text = installed.read_text("direct_url.json")
    if text is None:
        return None
    origin = msgspec.json.decode(text, type=_Origin)
    return Path(unquote(urlsplit(origin.url).path)) if origin.dir_info.editable else None


def _packed(installed: Distribution, folder: Path) -> Path:
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    target = folder / f"kouyu-{installed.version}-py3-none-any.whl"
    name_of_record = ""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in installed.files or ():
            if file.name == "RECORD":
                name_of_record = file.as_posix()
            if file.parts[0] == ".." or "__pycache__" in file.parts or file.name in _LEFT_BY_INSTALLERS:
                continue
            content = Path(str(file.locate())).read_bytes()
            wheel.writestr(file.as_posix(), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.writerow((file.as_posix(), f"sha256={digest}", len(content)))
        if not name_of_record:
            raise BundleError("this installation of kouyu has no list of its files; install it with pip")
        rows.writerow((name_of_record, "", ""))
        wheel.writestr(name_of_record, record.getvalue())
    return target
