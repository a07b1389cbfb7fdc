"""A configuration with an update laid over it, where the test is not about how bad fields are told."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from kouyu.domain.combinations import check_object
from kouyu.protocol.coze.merge import merge

S = TypeVar("S", bound=msgspec.Struct)


def merge_or_raise(current: S, update: Mapping[str, Any], check: Callable[[object], None] = check_object) -> S:
    """The next configuration. Raises the first InvalidField, where there is one."""
    merged = merge(current, update, check)
    for fault in merged.faults:
        raise fault
    return merged.configuration


def merge_unchecked(current: S, update: Mapping[str, Any]) -> S:
    """The same; which fields go together does not matter."""
    return merge_or_raise(current, update, lambda _: None)


def update_of(path: str, value: object) -> dict[str, Any]:
    """``{"a": {"b": value}}`` for ``a.b``."""
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def value_at(configuration: Any, path: str) -> Any:
    """The value of a field, by its path."""
    for name in path.split("."):
        configuration = getattr(configuration, name)
    return configuration
