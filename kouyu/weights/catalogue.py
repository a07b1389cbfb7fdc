"""The catalogue of weight sets: purpose, licence, files and sources of each.

The first source of a file is a package registry, as the user's own pip or npm is set up to reach it; the second is the
original's home.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from kouyu.weights.errors import UnknownWeights
from kouyu.weights.sets import audio_analysis, language_models, recognition, voices
from kouyu.weights.weight_set import WeightSet

CATALOGUE: Final[tuple[WeightSet, ...]] = (
    *audio_analysis.SETS,
    *recognition.SETS,
    *voices.SETS,
    *language_models.SETS,
)


def find(name: str) -> WeightSet:
    """The weight set with this name. Raises UnknownWeights."""
    sets = every_set()
    for weight_set in sets:
        if weight_set.name == name:
            return weight_set
    raise UnknownWeights(name, tuple(weight_set.name for weight_set in sets))


def every_set() -> tuple[WeightSet, ...]:
    """The catalogue's own weight sets, and those of other packages: entry points of the group ``kouyu.weights``."""
    added = (entry.load() for entry in entry_points(group="kouyu.weights"))
    return (*CATALOGUE, *(each for each in added if isinstance(each, WeightSet)))


def default_sets() -> tuple[WeightSet, ...]:
    """The sets that a server with default settings uses."""
    return tuple(weight_set for weight_set in CATALOGUE if not weight_set.optional)
