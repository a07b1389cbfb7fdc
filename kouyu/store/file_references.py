"""Which uploaded files messages and bots refer to."""

from collections.abc import Iterator, Set
from typing import Final

import msgspec
from sqlalchemy import Select, select

from kouyu.domain.content import TextPart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.store.bots import bots_of_all
from kouyu.store.database import Database
from kouyu.store.tables import messages

_AT_ONCE: Final = 500
"""Messages that are looked through in one step."""


class _Content(msgspec.Struct, frozen=True):
    seq: int
    content: str


def file_ids_in(content: str) -> Iterator[str]:
    """The ids of the uploads that the content of a message (``object_string``) names."""
    try:
        parts = parse_parts(content)
    except InvalidField:
        return
    for part in parts:
        if not isinstance(part, TextPart) and part.file_id:
            yield part.file_id


async def unreferenced(database: Database, file_ids: Set[str]) -> set[str]:
    """Those of ``file_ids`` that no message and no bot of any owner refers to."""
    left = set(file_ids)
    for bot in await bots_of_all(database):
        left -= {profile.icon_file_id for profile in (bot.draft, bot.published) if profile is not None}
    after = 0
    while left and (found := await database.records(_contents(after), _Content)):
        for message in found:
            left.difference_update(file_ids_in(message.content))
        after = found[-1].seq
    return left


def _contents(after: int) -> Select[int, str]:
    query = select(messages.c.seq, messages.c.content)
    query = query.where(messages.c.seq > after, messages.c.content_type == "object_string")
    return query.order_by(messages.c.seq).limit(_AT_ONCE)
