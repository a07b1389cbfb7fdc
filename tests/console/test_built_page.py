"""The page that ships in the package is the one that its sources make."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "console"
PAGE = ROOT / "kouyu" / "console"
MANIFEST = PAGE / "manifest.json"

FILES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
FOLDERS = ("src", "bundling")


def hash_of(folder: Path, files: Iterable[Path]) -> str:
    """What console/bundling/sources_manifest.ts writes."""
    paths = sorted(file.relative_to(folder).as_posix() for file in files)
    lines = [f"{sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths]
    return sha256("".join(lines).encode()).hexdigest()


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_page_was_built_from_these_sources() -> None:
    files = [SOURCES / name for name in FILES] + [path for name in FOLDERS for path in files_under(SOURCES / name)]
    built_from = json.loads(MANIFEST.read_text())["sources"]
    assert built_from == hash_of(SOURCES, files), "the sources have changed: run `make console`, commit the result"


def test_nothing_of_the_built_page_was_changed_or_lost() -> None:
    files = [path for path in files_under(PAGE) if path != MANIFEST]
    assert json.loads(MANIFEST.read_text())["page"] == hash_of(PAGE, files)


def test_the_page_asks_nothing_of_other_hosts() -> None:
    page = (PAGE / "index.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_the_licences_of_what_is_in_the_page_go_with_it() -> None:
    notices = (PAGE / "THIRD_PARTY_LICENCES.txt").read_text()
    assert all(name in notices for name in ("@coze/api", "preact", "opus-encdec", "libopus", "axios"))
