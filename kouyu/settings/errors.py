"""Errors in the settings, with the text that a user needs to fix them."""

from typing import Any

import msgspec


class SettingsError(Exception):
    """The settings are invalid. The text has one line per problem: where, key, value, and what is allowed."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def allowed(annotation: Any) -> str:
    """Describe the allowed values of a type in plain words: ``a whole number from 0 to 65535``."""
    return _words(msgspec.inspect.type_info(annotation))


def _words(info: msgspec.inspect.Type) -> str:
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType():
            return "a whole number" + _range(info)
        case msgspec.inspect.FloatType():
            return "a number" + _range(info)
        case msgspec.inspect.StrType():
            return "text in quotes" + (", not empty" if info.min_length else "")
        case msgspec.inspect.LiteralType():
            return "one of " + ", ".join(repr(value) for value in info.values)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return f"a list, each item {_words(info.item_type)}"
        case msgspec.inspect.DictType():
            return f"a table, each value {_words(info.value_type)}"
        case msgspec.inspect.StructType():
            return "a table with the keys " + ", ".join(field.encode_name for field in info.fields)
        case msgspec.inspect.UnionType():
            # TOML has no null: a key that may be None is left out instead.
            return " or ".join(_words(item) for item in info.types if not isinstance(item, msgspec.inspect.NoneType))
        case msgspec.inspect.AnyType():
            return "anything"
        case _:
            return type(info).__name__


def _range(info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    low = info.ge if info.ge is not None else info.gt
    words = "" if low is None else f" {'from' if info.ge is not None else 'above'} {low}"
    if info.le is not None:
        words += f" to {info.le}" if words else f" up to {info.le}"
    return words
