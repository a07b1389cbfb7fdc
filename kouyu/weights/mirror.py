"""A mirror of Hugging Face as a source of weights."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from kouyu.weights.weight_set import FromUrl, WeightFile, WeightSet

HUGGING_FACE: Final = "https://huggingface.co"
VARIABLE: Final = "HF_ENDPOINT"
"""The environment variable in which Hugging Face's own tools read a mirror's URL."""


def chosen_mirror(setting: str) -> str:
    """The base URL of the mirror: that of the settings, else of the environment, else "" for none."""
    chosen = (setting or os.environ.get(VARIABLE, "")).rstrip("/")
    return "" if chosen == HUGGING_FACE else chosen


def through_mirror(weight_set: WeightSet, mirror: str) -> WeightSet:
    """The set with the mirror as the first source of each file whose original is on Hugging Face.

    Whoever names a mirror wants it to be used, so it comes before the package registry too. ``mirror`` is its base URL,
    before ``/<owner>/<repository>/resolve/...``; "" leaves the set as it is.
    """
    if not mirror:
        return weight_set
    return msgspec.structs.replace(weight_set, files=tuple(_through(file, mirror) for file in weight_set.files))


def _through(file: WeightFile, mirror: str) -> WeightFile:
    at_mirror = tuple(
        FromUrl(mirror + source.url.removeprefix(HUGGING_FACE))
        for source in file.sources
        if isinstance(source, FromUrl) and source.url.startswith(f"{HUGGING_FACE}/")
    )
    return msgspec.structs.replace(file, sources=(*at_mirror, *file.sources))
