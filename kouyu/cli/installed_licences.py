"""The licences of the Python packages that are installed, and of the native libraries inside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from typing import Final

import msgspec

UNKNOWN: Final = "not stated"

_LONGEST: Final = 60
"""Characters of a licence's name. Some packages give its whole text, whose first line may be a name."""

_GPL: Final = re.compile(r"\bA?GPL|GNU (Affero )?General Public Licen[cs]e", re.IGNORECASE)
_EXCEPTION: Final = re.compile(r"GPL\S* WITH \S+")

_LIBRARY: Final = re.compile(
    r"^(?:lib)?(?P<name>.+?)(?:-[0-9a-f]{8})*(?:\.so(?:\.\d+)*|(?:\.\d+)*\.dylib|(?:-\d+)?\.dll)$"
)
_EXTENSION_MODULE: Final = re.compile(r"\.(?:cpython-|cp\d+|abi3)|\.pyd$")
"""A package's own code, under its own licence."""

_LGPL_OR_GPL: Final = "LGPL-3.0-or-later OR GPL-2.0-or-later"
_GCC: Final = "GPL-3.0-or-later WITH GCC-exception-3.1"

LICENCE_OF_LIBRARY: Final = {
    **dict.fromkeys(
        ("avcodec", "avdevice", "avfilter", "avformat", "avutil", "swresample", "swscale"), "LGPL-3.0-or-later"
    ),
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "Xau": "MIT-open-group",
    "asound": "LGPL-2.1-or-later",
    "dav1d": "BSD-2-Clause",
    "drm": "MIT",
    **dict.fromkeys(("gmp", "hogweed", "nettle", "unistring"), _LGPL_OR_GPL),
    "gnutls": "LGPL-2.1-or-later",
    "mp3lame": "LGPL-2.0-or-later",
    **dict.fromkeys(("opencore-amrnb", "opencore-amrwb"), "Apache-2.0"),
    "opus": "BSD-3-Clause",
    **dict.fromkeys(("webp", "webpmux", "sharpyuv"), "BSD-3-Clause"),
    "vmaf": "BSD-2-Clause-Patent",
    "vpl": "MIT",
    "vpx": "BSD-3-Clause",
    **dict.fromkeys(("xcb", "xcb-shape", "xcb-shm", "xcb-xfixes"), "X11"),
    **dict.fromkeys(("gomp", "gfortran"), _GCC),
    "quadmath": "LGPL-2.1-or-later",
    "scipy_openblas64_": "BSD-3-Clause",
    "ctranslate2": "MIT",
    **dict.fromkeys(("onnxruntime", "onnxruntime_providers_shared"), "MIT"),
    **dict.fromkeys(("sherpa-onnx-c-api", "sherpa-onnx-cxx-api"), "Apache-2.0"),
    "espeakbridge": "GPL-3.0-or-later",
}
"""By name, as their projects state them. FFmpeg's own parts (av*, sw*) are as ``avcodec_license()`` says; avcodec is
linked with x264 and x265."""


class Library(msgspec.Struct, frozen=True):
    """A native library in a package."""

    file: str
    licence: str


class Package(msgspec.Struct, frozen=True):
    """An installed package, and the native libraries of others that its wheel brings along."""

    name: str
    version: str
    licence: str
    libraries: tuple[Library, ...]


def installed_packages() -> list[Package]:
    """Every package of this Python environment, by name."""
    found = {package.name.lower(): package for package in map(package_of, distributions())}
    return [found[name] for name in sorted(found)]


def package_of(distribution: Distribution) -> Package:
    """What the metadata and the list of files of a package say."""
    names = {file.name for file in distribution.files or ()}
    libraries = sorted(_libraries(names), key=lambda library: library.file)
    return Package(distribution.name, distribution.version, _stated(distribution), tuple(libraries))


def is_gpl(licence: str) -> bool:
    """Whether it is the GPL or AGPL; not the LGPL, an exception for libraries, or one licence of several to choose."""
    return " OR " not in licence and _GPL.search(_EXCEPTION.sub("", licence)) is not None


def _libraries(files: Iterable[str]) -> Iterator[Library]:
    for file in files:
        library = _LIBRARY.match(file)
        if library and not _EXTENSION_MODULE.search(file):
            yield Library(file, LICENCE_OF_LIBRARY.get(library["name"], UNKNOWN))


def _stated(distribution: Distribution) -> str:
    """The SPDX expression, else the name of the licence, else the classifiers."""
    for key in ("License-Expression", "License"):
        for text in _fields(distribution, key):
            name = text.partition("\n")[0].strip()
            if name and name != "UNKNOWN" and len(name) <= _LONGEST:
                return name
    classifiers = [text for text in _fields(distribution, "Classifier") if text.startswith("License ::")]
    return " AND ".join(text.rpartition("::")[2].strip() for text in classifiers) or UNKNOWN


def _fields(distribution: Distribution, key: str) -> list[str]:
    return [str(text) for text in distribution.metadata.get_all(key) or []]
