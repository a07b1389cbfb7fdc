"""Types of columns that are the same on every database."""

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator


class JsonText(TypeDecorator[Any]):
    """JSON in a text column: the same on every database, and read back as plain dicts and lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The value, a msgspec struct or plain data, as JSON text; None stays NULL."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The JSON text as plain data."""
        return None if value is None else msgspec.json.decode(value)


# Plain INTEGER in SQLite, where only that is an auto-increment row id.
SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")
