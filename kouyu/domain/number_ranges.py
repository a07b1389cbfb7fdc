"""The ranges of configuration fields that are numbers."""

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.ranges import Schema


class OneOf(msgspec.Struct, frozen=True):
    """One of a few numbers."""

    values: tuple[float | int, ...]

    @property
    def allowed(self) -> str:
        return ", ".join(f"{_as_number(allowed)}" for allowed in self.values)

    @property
    def schema(self) -> Schema:
        whole = all(isinstance(value, int) for value in self.values)
        return {"type": "integer" if whole else "number", "enum": list(self.values)}

    def check(self, path: str, value: object) -> float | int:
        """Return the allowed number that equals ``value``."""
        number = _as_number(value)
        for allowed in self.values:
            if number == allowed:
                return allowed
        raise InvalidField(path, value, self.allowed)


class WholeNumber(msgspec.Struct, frozen=True):
    """A whole number from ``low`` to ``high``, both included."""

    low: int
    high: int
    unit: str = ""

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.low} to {self.high} {self.unit}".rstrip()

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def check(self, path: str, value: object) -> int:
        """Return the number as an int."""
        number = _as_number(value)
        if not isinstance(number, int) or not self.low <= number <= self.high:
            raise InvalidField(path, value, self.allowed)
        return number


class Number(msgspec.Struct, frozen=True):
    """A number from ``low`` to ``high``, both included; 0 may stand for none."""

    low: float
    high: float
    unit: str = ""
    zero_is_none: bool = False

    @property
    def allowed(self) -> str:
        return f"a number from {self.low:g} to {self.high:g} {self.unit}".rstrip()

    @property
    def schema(self) -> Schema:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def check(self, path: str, value: object) -> float | None:
        """Return the number as a float, or None for a 0 that means none."""
        number = _as_number(value)
        if number is None or not self.low <= number <= self.high:
            raise InvalidField(path, value, self.allowed)
        return None if self.zero_is_none and number == 0 else float(number)


def _as_number(value: object) -> float | int | None:
    """Return a JSON number, as an int if it is whole (JSON does not distinguish 1 and 1.0); None for other values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value
