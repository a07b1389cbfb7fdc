"""The settings of the database."""

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[store]: the database. All but ``url`` concern PostgreSQL alone."""

    url: str = ""
    """``postgresql://USER:PASSWORD@HOST/DATABASE``; empty: the URL in ``KOUYU_DATABASE``, or else ``kouyu.db`` in the
    data folder (SQLite). The parameters ``sslmode`` and ``sslrootcert`` are understood."""
    readers: Annotated[int, Meta(ge=1, le=100)] = 4
    """Connections that read. A server has one more that writes, and one that waits for news of other servers."""
    timeout_s: Seconds = 10.0
    """Seconds that a statement may take, or connecting; reading is given up after as long."""
    patience_s: Seconds = 30.0
    """Seconds that what is to be saved waits for a database that is away, such as one that restarts."""
    listen_url: str = ""
    """Where news of other servers is waited for, which PgBouncer cannot pass on in transaction mode; empty: ``url``."""
    pgbouncer: bool = False
    """The URL is that of a PgBouncer in transaction mode: no prepared statements are kept."""


DEFAULT = StoreOptions()
