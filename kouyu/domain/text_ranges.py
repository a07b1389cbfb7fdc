"""The ranges of configuration fields that are texts or lists of texts."""

import unicodedata
from typing import Final

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.ranges import Schema

LONGEST_ID: Final = 512
"""Characters of an id; the service's own have 19, and SDKs send e-mail addresses and device names."""


class KeepWhenEmpty(msgspec.Struct, frozen=True):
    """Marks a text field that an empty string does not clear: it can be changed but not removed."""


class Choice(msgspec.Struct, frozen=True):
    """One of a few texts, with exactly this spelling."""

    values: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return ", ".join(choice for choice in self.values if choice)

    @property
    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.values)}

    def check(self, path: str, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str) or value not in self.values:
            raise InvalidField(path, value, self.allowed)
        return value


class LanguageTag(msgspec.Struct, frozen=True):
    """One of a few languages. A tag with another spelling or region is accepted for its language (zh-CN, en_gb)."""

    values: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return ", ".join(self.values)

    @property
    def schema(self) -> Schema:
        """The JSON Schema with only the spellings in ``values``, which forms offer."""
        return {"type": "string", "enum": list(self.values)}

    def check(self, path: str, value: object) -> str:
        """Return the matching one of ``values``: zh for zh-CN, de-DE for de or de-AT."""
        wanted = value.replace("_", "-").lower() if isinstance(value, str) else ""
        language = wanted.partition("-")[0]
        by_spelling = {choice.lower(): choice for choice in self.values}
        regional = {choice.lower().partition("-")[0]: choice for choice in self.values if "-" in choice}
        for found in (by_spelling.get(wanted), by_spelling.get(language), regional.get(language)):
            if found is not None:
                return found
        raise InvalidField(path, value, self.allowed)


class Text(msgspec.Struct, frozen=True):
    """A text of ``shortest`` to ``longest`` characters."""

    longest: int = LONGEST_ID
    shortest: int = 0

    @property
    def allowed(self) -> str:
        return f"a text of {f'{self.shortest} to' if self.shortest else 'at most'} {self.longest} characters"

    @property
    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.longest} | ({"minLength": self.shortest} if self.shortest else {})

    def check(self, path: str, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise InvalidField(path, value, self.allowed)
        if not self.shortest <= len(value) <= self.longest:
            raise InvalidField(path, f"{len(value)} characters", self.allowed)
        return value


class TextInBytes(msgspec.Struct, frozen=True):
    """A text of ``fewest`` to ``most`` bytes of UTF-8."""

    fewest: int
    most: int

    @property
    def allowed(self) -> str:
        return f"a text of {self.fewest} to {self.most} bytes of UTF-8"

    @property
    def schema(self) -> Schema:
        """The JSON Schema, with lengths in characters, each of which has 1 to 4 bytes."""
        return {"type": "string", "minLength": -(-self.fewest // 4), "maxLength": self.most}

    def check(self, path: str, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise InvalidField(path, value, self.allowed)
        if not self.fewest <= (size := len(value.encode())) <= self.most:
            raise InvalidField(path, f"{size} bytes", self.allowed)
        return value


class Texts(msgspec.Struct, frozen=True):
    """A list of at most ``most`` texts, each of at most ``longest`` characters; empty ones, as forms send them, are
    left out."""

    most: int
    longest: int

    @property
    def allowed(self) -> str:
        return f"an array of at most {self.most} texts, each of at most {self.longest} characters"

    @property
    def schema(self) -> Schema:
        return {"type": "array", "maxItems": self.most, "items": Text(self.longest).schema}

    def check(self, path: str, value: object) -> tuple[str, ...]:
        """Return the texts that are not empty."""
        if not isinstance(value, list | tuple):
            raise InvalidField(path, value, self.allowed)
        if len(value) > self.most:
            raise InvalidField(path, f"{len(value)} texts", self.allowed)
        for index, text in enumerate(value):
            if not isinstance(text, str):
                raise InvalidField(f"{path}[{index}]", text, "a text")
            if len(text) > self.longest:
                raise InvalidField(f"{path}[{index}]", f"{len(text)} characters", self.allowed)
        return tuple(text for text in value if text)


class Keywords(msgspec.Struct, frozen=True):
    """The words that interrupt a reply (uplink.md, data.turn_detection)."""

    most: int = 5
    word: TextInBytes = TextInBytes(6, 24)

    @property
    def allowed(self) -> str:
        size = f"{self.word.fewest} to {self.word.most} bytes of UTF-8"
        return f"at most {self.most} texts, each {size}, without punctuation"

    @property
    def schema(self) -> Schema:
        return {"type": "array", "maxItems": self.most, "items": self.word.schema}

    def check(self, path: str, value: object) -> tuple[str, ...]:
        """Return the keywords."""
        if not isinstance(value, list | tuple) or len(value) > self.most:
            raise InvalidField(path, value, self.allowed)
        return tuple(self._checked(f"{path}[{index}]", word) for index, word in enumerate(value))

    def _checked(self, path: str, word: object) -> str:
        try:
            text = self.word.check(path, word)
        except InvalidField as fault:
            raise InvalidField(path, word, self.allowed) from fault
        if not _is_speakable(text):
            raise InvalidField(path, word, self.allowed)
        return text


def _is_speakable(word: str) -> bool:
    # Symbols count as punctuation: Unicode classifies many marks as such, for example "~" and its full-width form.
    has_punctuation = any(unicodedata.category(char)[0] in "PS" for char in word)
    return not has_punctuation and any(char.isalnum() for char in word)
