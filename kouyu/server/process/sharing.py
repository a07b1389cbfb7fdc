"""A server among others on one PostgreSQL database: its store with its lease, its address, and the others."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from kouyu.server.peers.peers import Peers
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.peer_address import address_for_peers
from kouyu.server.process.tcp_listeners import Ports
from kouyu.serving.background import in_background
from kouyu.store.notices import NoticeBus
from kouyu.store.options import StoreOptions
from kouyu.store.store import Store


@asynccontextmanager
async def open_store(
    database: str | Path,
    folder: DataFolder,
    options: StoreOptions,
    *,
    beside_others: bool = False,
    bus: NoticeBus | None = None,
) -> AsyncIterator[Store]:
    """Open the store, and keep its lease while the block runs. ``beside_others``, ``bus``: see ``Store.open``."""
    opened = await Store.open(
        database,
        files_folder=folder.files,
        sessions_folder=folder.sessions,
        options=options,
        beside_others=beside_others,
        bus=bus,
        folder="" if isinstance(database, Path) else folder.server_id(),
    )
    async with opened as store:
        assert store.lease is not None
        async with in_background(store.lease.keep(), "server-lease"):
            yield store


@asynccontextmanager
async def open_peers(
    store: Store, ports: Ports, peer_url: str, live: Callable[[], Collection[str]], *, is_worker: bool = False
) -> AsyncIterator[Peers]:
    """Tell the others on the database how they reach this server, and which conversations are live on it; return them.

    ``peer_url`` is that of the settings, ``live`` returns the ids of the conversations. ``is_worker``: this process is
    one of several of one server, which reach each other on SQLite too. Raises StoreError.
    """
    assert store.lease is not None
    if store.is_shared or is_worker:
        await store.lease.announce(peer_url.rstrip("/") or await address_for_peers(ports, store.seen_from))
    store.lease.live = live
    async with Peers.of(store.lease) as peers:
        yield peers
