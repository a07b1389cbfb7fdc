"""The ranges of configuration fields: each class checks one kind of value and can describe what it allows.

``check(path, value)`` returns the value to store or raises InvalidField. ``merge`` handles null and empty values; they
never get here.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from kouyu.protocol.errors import BAD_REQUEST, META_DATA_OVER_LIMIT, InvalidField

LONGEST_ID: Final = 512
"""Characters of an id; the service's own have 19, and SDKs send e-mail addresses and device names."""


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


class MapLimits(msgspec.Struct, frozen=True):
    """How many pairs a map of texts has at most, and how many characters each key and each value."""

    pairs: int
    key: int
    value: int


def _as_texts(path: str, value: object, allowed: str, limits: MapLimits, code: int = BAD_REQUEST) -> dict[str, str]:
    """A map of texts within ``limits``; one that is over them is an error of ``code``. Numbers and booleans become the
    text that JSON writes for them; null is left out."""
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, allowed)
    if len(value) > limits.pairs:
        raise InvalidField(path, f"{len(value)} pairs", f"at most {limits.pairs} pairs", code=code)
    allowed_values = f"a text of 1 to {limits.value} characters"
    texts = {}
    for key, item in value.items():
        if not 1 <= len(key) <= limits.key:
            raise InvalidField(path, key, f"keys of 1 to {limits.key} characters", code=code)
        if item is None:
            continue
        if not isinstance(item, str | bool | int | float):
            raise InvalidField(f"{path}.{key}", item, allowed_values)
        texts[key] = text = item if isinstance(item, str) else json.dumps(item)
        if len(text) > limits.value:
            raise InvalidField(f"{path}.{key}", f"{len(text)} characters", allowed_values, code=code)
    return texts


class MetaData(msgspec.Struct, frozen=True):
    """The caller's own pairs: 16 at most, keys of 1 to 64 characters, values of 1 to 512."""

    limits: MapLimits = MapLimits(16, 64, 512)

    def check(self, path: str, value: object) -> dict[str, str]:
        """The pairs, their values as texts."""
        pairs = _as_texts(path, value, "an object with text values", self.limits, META_DATA_OVER_LIMIT)
        for key, text in pairs.items():
            if not text:
                allowed = f"a text of 1 to {self.limits.value} characters"
                raise InvalidField(f"{path}.{key}", "0 characters", allowed, code=META_DATA_OVER_LIMIT)
        return pairs


class VariableNames(msgspec.Struct, frozen=True):
    """Variables of the agent's prompt, each with a text. Their names: English letters, digits and underscores."""

    limits: MapLimits = MapLimits(64, 128, 16_384)

    def check(self, path: str, value: object) -> dict[str, str]:
        """The variables, their values as texts."""
        variables = _as_texts(path, value, "an object with text values", self.limits)
        for name in variables:
            if not re.fullmatch(r"[A-Za-z0-9_]+", name):
                raise InvalidField(path, name, "names of English letters, digits and underscores")
        return variables


class Coordinates(msgspec.Struct, frozen=True):
    """Facts for the model: where the user is, in degrees, and other keys as they are. An empty value is left out."""

    limits: MapLimits = MapLimits(16, 64, 512)

    def check(self, path: str, value: object) -> dict[str, str]:
        """The facts given, as texts."""
        given = _as_texts(path, value, "an object with the keys latitude and longitude", self.limits)
        for name, limit in (("latitude", 90), ("longitude", 180)):
            degrees = given.get(name)
            if not degrees:
                continue
            is_number = re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?", degrees)
            if not is_number or abs(float(degrees)) > limit:
                raise InvalidField(f"{path}.{name}", degrees, f"a number from -{limit} to {limit}")
        return {name: text for name, text in given.items() if text}


class LanguageTag(msgspec.Struct, frozen=True):
    """One of a few languages. Of a tag in another spelling or of another region the language counts (zh-CN, en_gb)."""

    values: tuple[str, ...]

    def check(self, path: str, value: object) -> str:
        """The one of ``values`` that is meant: for zh-CN zh, for de or de-AT de-DE."""
        wanted = value.replace("_", "-").lower() if isinstance(value, str) else ""
        language = wanted.partition("-")[0]
        by_spelling = {choice.lower(): choice for choice in self.values}
        regional = {choice.lower().partition("-")[0]: choice for choice in self.values if "-" in choice}
        for found in (by_spelling.get(wanted), by_spelling.get(language), regional.get(language)):
            if found is not None:
                return found
        raise InvalidField(path, value, ", ".join(self.values))


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
    """A text of at most ``longest`` characters."""

    longest: int = LONGEST_ID

    def check(self, path: str, value: object) -> str:
        """The text itself."""
        if not isinstance(value, str):
            raise InvalidField(path, value, f"a text of at most {self.longest} characters")
        if len(value) > self.longest:
            raise InvalidField(path, f"{len(value)} characters", f"a text of at most {self.longest} characters")
        return value


class Texts(msgspec.Struct, frozen=True):
    """A list of at most ``most`` texts, each of at most ``longest`` characters; empty ones, as forms send them, are
    left out."""

    most: int
    longest: int

    def check(self, path: str, value: object) -> tuple[str, ...]:
        """The texts that are not empty."""
        allowed = f"an array of at most {self.most} texts, each of at most {self.longest} characters"
        if not isinstance(value, list | tuple):
            raise InvalidField(path, value, allowed)
        if len(value) > self.most:
            raise InvalidField(path, f"{len(value)} texts", allowed)
        for index, text in enumerate(value):
            if not isinstance(text, str):
                raise InvalidField(f"{path}[{index}]", text, "a text")
            if len(text) > self.longest:
                raise InvalidField(f"{path}[{index}]", f"{len(text)} characters", allowed)
        return tuple(text for text in value if text)


class AnyObject(msgspec.Struct, frozen=True):
    """Any JSON object of at most ``most_bytes`` when written, as long as it is not nested so deeply that writing it out
    again could fail."""

    deepest: int = 32
    most_bytes: int = 65_536

    def check(self, path: str, value: object) -> dict[str, Any]:
        """A copy of the object's own level."""
        if not isinstance(value, Mapping):
            raise InvalidField(path, value, "an object")
        if not _is_within_depth(value, self.deepest):
            raise InvalidField(path, "deeper", f"an object nested at most {self.deepest} deep")
        if (size := len(msgspec.json.encode(value))) > self.most_bytes:
            raise InvalidField(path, f"{size} bytes", f"an object of at most {self.most_bytes} bytes of JSON")
        return dict(value)


def _is_within_depth(value: object, levels: int) -> bool:
    if isinstance(value, Mapping):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value)
    return True
