"""What a configuration field may hold: each class checks one kind of value and can say in words what it allows.

``check(path, value)`` gives the value to store or raises InvalidField. Null and empty values never get here; what they
mean is ``merge``'s business.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from kouyu.protocol.errors import META_DATA_OVER_LIMIT, InvalidField


class Range(Protocol):
    """The values one field takes."""

    def check(self, path: str, value: object) -> Any:
        """The value as it is to be stored; InvalidField, naming ``path``, if it is not allowed."""


class KeepWhenEmpty(msgspec.Struct, frozen=True):
    """Marks a text field that an empty string leaves as it was, because there is no going back to none."""


def _as_number(value: object) -> float | int | None:
    """The value if it is a JSON number; a whole float becomes an int, as JSON knows no difference."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


class OneOf(msgspec.Struct, frozen=True):
    """One of a few numbers."""

    values: tuple[float | int, ...]

    def check(self, path: str, value: object) -> float | int:
        """The number out of the list that equals ``value``."""
        number = _as_number(value)
        for allowed in self.values:
            if number == allowed:
                return allowed
        raise InvalidField(path, value, ", ".join(f"{_as_number(allowed)}" for allowed in self.values))


class WholeNumber(msgspec.Struct, frozen=True):
    """A whole number from ``low`` to ``high``, both included."""

    low: int
    high: int
    unit: str = ""

    def check(self, path: str, value: object) -> int:
        """The number as an int."""
        number = _as_number(value)
        if not isinstance(number, int) or not self.low <= number <= self.high:
            raise InvalidField(path, value, f"a whole number from {self.low} to {self.high} {self.unit}".rstrip())
        return number


class Number(msgspec.Struct, frozen=True):
    """A number from ``low`` to ``high``, both included; 0 may stand for none."""

    low: float
    high: float
    unit: str = ""
    zero_is_none: bool = False

    def check(self, path: str, value: object) -> float | None:
        """The number as a float, or None for a 0 that means none."""
        number = _as_number(value)
        if number is None or not self.low <= number <= self.high:
            raise InvalidField(path, value, f"a number from {self.low:g} to {self.high:g} {self.unit}".rstrip())
        return None if self.zero_is_none and number == 0 else float(number)


class Keywords(msgspec.Struct, frozen=True):
    """The words that interrupt a reply (uplink.md, data.turn_detection)."""

    def check(self, path: str, value: object) -> tuple[str, ...]:
        """The keywords, unchanged."""
        allowed = "at most 5 texts, each 6 to 24 bytes of UTF-8, without punctuation"
        if not isinstance(value, list | tuple) or len(value) > 5:
            raise InvalidField(path, value, allowed)
        for index, word in enumerate(value):
            if not isinstance(word, str) or not 6 <= len(word.encode()) <= 24 or not _is_speakable(word):
                raise InvalidField(f"{path}[{index}]", word, allowed)
        return tuple(value)


def _is_speakable(word: str) -> bool:
    # Symbols count as punctuation: Unicode files many of its marks, "~" and its wide form among them, under S.
    has_punctuation = any(unicodedata.category(char)[0] in "PS" for char in word)
    return not has_punctuation and any(char.isalnum() for char in word)


def _as_map(path: str, value: object, allowed: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, allowed)
    return value


class MetaData(msgspec.Struct, frozen=True):
    """The caller's own pairs: 16 at most, keys of 1 to 64 characters, values of 1 to 512."""

    def check(self, path: str, value: object) -> dict[str, str]:
        """A copy of the pairs."""
        pairs = _as_map(path, value, "an object with text values")
        if len(pairs) > 16:
            raise InvalidField(path, f"{len(pairs)} pairs", "at most 16 pairs", code=META_DATA_OVER_LIMIT)
        for key, text in pairs.items():
            if not 1 <= len(key) <= 64:
                raise InvalidField(path, key, "keys of 1 to 64 characters", code=META_DATA_OVER_LIMIT)
            if not isinstance(text, str):
                raise InvalidField(f"{path}.{key}", text, "a text of 1 to 512 characters")
            if not 1 <= len(text) <= 512:
                length = f"{len(text)} characters"
                raise InvalidField(f"{path}.{key}", length, "a text of 1 to 512 characters", code=META_DATA_OVER_LIMIT)
        return dict(pairs)


class VariableNames(msgspec.Struct, frozen=True):
    """Variables of the agent's prompt: English letters and underscores, each with a text."""

    def check(self, path: str, value: object) -> dict[str, str]:
        """A copy of the variables."""
        variables = _as_map(path, value, "an object with text values")
        for name, text in variables.items():
            if not re.fullmatch(r"[A-Za-z_]+", name):
                raise InvalidField(path, name, "names of English letters and underscores")
            if not isinstance(text, str):
                raise InvalidField(f"{path}.{name}", text, "a text")
        return dict(variables)


class Coordinates(msgspec.Struct, frozen=True):
    """Where the user is, in degrees written as text; an empty or null one is left out."""

    def check(self, path: str, value: object) -> dict[str, str]:
        """A copy of the coordinates given."""
        limits = {"latitude": 90, "longitude": 180}
        given = _as_map(path, value, "an object with the keys latitude and longitude")
        for name, degrees in given.items():
            if name not in limits:
                raise InvalidField(path, name, "the keys latitude and longitude")
            if degrees in (None, ""):
                continue
            is_number = isinstance(degrees, str) and re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?", degrees)
            if not is_number or abs(float(degrees)) > limits[name]:
                limit = limits[name]
                raise InvalidField(f"{path}.{name}", degrees, f"a text with a number from -{limit} to {limit}")
        return {name: degrees for name, degrees in given.items() if degrees not in (None, "")}


class Choice(msgspec.Struct, frozen=True):
    """One of a few texts, spelled exactly so."""

    values: tuple[str, ...]

    def check(self, path: str, value: object) -> str:
        """The text itself."""
        if not isinstance(value, str) or value not in self.values:
            raise InvalidField(path, value, ", ".join(choice for choice in self.values if choice))
        return value


class Flag(msgspec.Struct, frozen=True):
    """true or false."""

    def check(self, path: str, value: object) -> bool:
        """The flag itself."""
        if not isinstance(value, bool):
            raise InvalidField(path, value, "true, false")
        return value


class Text(msgspec.Struct, frozen=True):
    """Any text."""

    def check(self, path: str, value: object) -> str:
        """The text itself."""
        if not isinstance(value, str):
            raise InvalidField(path, value, "a text")
        return value


class Texts(msgspec.Struct, frozen=True):
    """A list of texts; empty ones, as forms send them, are left out."""

    def check(self, path: str, value: object) -> tuple[str, ...]:
        """The texts that are not empty."""
        if not isinstance(value, list | tuple):
            raise InvalidField(path, value, "an array of texts")
        for index, text in enumerate(value):
            if not isinstance(text, str):
                raise InvalidField(f"{path}[{index}]", text, "a text")
        return tuple(text for text in value if text)


class AnyObject(msgspec.Struct, frozen=True):
    """Any JSON object, as long as it is not nested so deeply that writing it out again could fail."""

    deepest: int = 32

    def check(self, path: str, value: object) -> dict[str, Any]:
        """A copy of the object's own level."""
        if not isinstance(value, Mapping):
            raise InvalidField(path, value, "an object")
        if not _is_within_depth(value, self.deepest):
            raise InvalidField(path, "deeper", f"an object nested at most {self.deepest} deep")
        return dict(value)


def _is_within_depth(value: object, levels: int) -> bool:
    if isinstance(value, Mapping):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value)
    return True
