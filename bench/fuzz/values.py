"""Generates values for a JSON Schema: allowed ones, refused ones, and texts that are hard to process.

All use one seeded generator, so that a run can be repeated.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

_REPEATED: Final = (
    *("a", "word ", "A. ", "。", "，", ".", "...", "1", "9.", "1,", "$1 ", "\n", "\t", " ", "中", "你好。", "e\u0301"),
    *(
        "<b>",
        "</p>",
        "<!--",
        "<think>",
        "</think>",
        "**",
        "`",
        "#",
        "[",
        "](",
        "|",
        "{{",
        "{% for x in y %}",
        "\\",
        '"',
    ),
    *("\x00", "\u200d", "\u202e", "\ufeff", "👍🏽", "👨‍👩‍👧", "Mr. ", "3:15 ", "10% ", "http://", "@", "&amp;", "'"),
)
_WRONG: Final[tuple[object, ...]] = (
    0,
    -1,
    1.5,
    10**30,
    -0.0,
    True,
    "",
    "x",
    "\x00",
    [],
    [[]],
    [None],
    {},
    {"a": {}},
    {"": ""},
    "0",
    [1, "a"],
)


class Values:
    """``seeded`` decides everything; ``largest`` bounds the size of a text, in characters."""

    def __init__(self, seeded: random.Random, largest: int) -> None:
        self.random = seeded
        self.largest = largest

    def size(self, largest: int | None = None) -> int:
        """From 1 on; as many small ones as large ones, and now and then the limit itself and its neighbours."""
        limit = self.largest if largest is None else largest
        if self.random.random() < 0.1:
            return max(1, limit + self.random.choice((-1, 0, 1)))
        return max(1, round(math.exp(self.random.uniform(0, math.log(max(limit, 2))))))

    def text(self, largest: int | None = None) -> str:
        """Return a text that is hard to process."""
        size = self.size(largest)
        match self.random.randrange(4):
            case 0:
                unit = self.random.choice(_REPEATED)
            case 1:
                unit = "".join(self.random.choices(_REPEATED, k=self.random.randint(2, 6)))
            case 2:
                unit = "".join(
                    chr(self.random.choice((self.random.randrange(1, 128), self.random.randrange(0xD7FF))))
                    for _ in range(50)
                )
            case _:
                unit = (
                    " ".join(self.random.choices(("the", "capital", "of", "France", "is", "Paris.", "Why?"), k=20))
                    + " "
                )
        return (unit * (size // len(unit) + 1))[:size]

    def allowed(self, schema: Schema, components: Schema | None = None, depth: int = 6) -> Any:
        """A value that the schema allows, as far as schemas say."""
        if (reference := schema.get("$ref")) is not None:
            return self.allowed(_resolved(reference, components), components, depth)
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("enum"):
            return self.random.choice(choices)
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.allowed(self.random.choice(options), components, depth)
        kind = schema.get("type")
        if isinstance(kind, Sequence) and not isinstance(kind, str):
            kind = self.random.choice(kind)
        match kind:
            case "null":
                return None
            case "boolean":
                return self.random.random() < 0.5
            case "integer" | "number":
                low, high = schema.get("minimum", 0), schema.get("maximum", 10_000)
                number = self.random.choice((low, high, self.random.randint(math.ceil(low), math.floor(high))))
                return int(number) if kind == "integer" else number
            case "string":
                return self._string(schema)
            case "array":
                most = min(schema.get("maxItems", 5), 5)
                items = schema.get("items", {"type": "string"})
                count = self.random.randint(min(schema.get("minItems", 0), most), most) if depth else 0
                return [self.allowed(items, components, depth - 1) for _ in range(count)]
            case "object":
                return self._object(schema, components, depth)
            case _:
                return self.wrong()

    def wrong(self) -> Any:
        """Of any type."""
        return self.random.choice(_WRONG)

    def refused(self, schema: Schema) -> Any:
        """A value that a field with this schema must not take; None where that cannot be told from the schema."""
        kind = schema.get("type")
        kinds = [kind] if isinstance(kind, str) else list(kind or ())
        candidates: list[Any] = []
        if "boolean" not in kinds:
            candidates.append(True)
        if "enum" in schema:
            candidates += ["no such value"] if "string" in kinds else [123_456_789]
        if "minimum" in schema:
            candidates.append(schema["minimum"] - 1)
        if "maximum" in schema:
            candidates += [schema["maximum"] + 1, 10**30]
        if {"integer", "number"} & set(kinds):
            candidates += ["x", [1], {"a": 1}]
        elif "string" in kinds:
            candidates += [5, ["x"], {"a": 1}]
        elif "array" in kinds:
            candidates += [5, "x", {"a": 1}]
        elif "object" in kinds or "boolean" in kinds:
            candidates += [5, "x", [1]]
        return self.random.choice(candidates) if candidates else None

    def _string(self, schema: Schema) -> str:
        if "pattern" in schema:
            return self.random.choice(("12.5", "-7", "39.9800718"))
        return self.text(schema.get("maxLength"))

    def _object(self, schema: Schema, components: Schema | None, depth: int) -> dict[str, Any]:
        made = {
            name: self.allowed(field, components, depth - 1)
            for name, field in schema.get("properties", {}).items()
            if depth
        }
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and depth:
            made |= {f"key_{self.random.choice('abc')}": self.allowed(more, components, depth - 1)}
        return made


def _resolved(reference: str, components: Schema | None) -> Schema:
    name = reference.rpartition("/")[2]
    return dict((components or {}).get("schemas", {}).get(name, {}))
