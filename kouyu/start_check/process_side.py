"""Checks what the process itself needs: data folder, database, ports, certificate."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from kouyu.server.process.address_file import read_address
from kouyu.server.process.certificates import CertificateError, outside_its_dates, own_certificate
from kouyu.server.process.data_folder import RESTORING, server_on
from kouyu.server.process.tcp_listeners import EVERYWHERE, ListenError, Ports, bind
from kouyu.settings import Settings
from kouyu.settings.all_settings import ServerSettings
from kouyu.start_check.finding import Finding, error, good, warning
from kouyu.store.errors import StoreError
from kouyu.store.migrations import STEPS
from kouyu.store.schema import too_new
from kouyu.store.schema_version import schema_version_of


async def findings(settings: Settings, folder: Path, database: str | Path) -> Sequence[Finding]:
    """Check them all. Creates no file; ports are bound for a moment."""
    running = await asyncio.to_thread(server_on, folder)
    return (
        await asyncio.to_thread(_data_folder, folder, running),
        await _database(database),
        *await asyncio.to_thread(lambda: [*_ports(settings.server, folder, running)]),
        await asyncio.to_thread(_certificate, settings.server, folder),
    )


def _data_folder(folder: Path, running: str | None) -> Finding:
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir():
        return error("data folder", f"{folder}: {existing} is a file; give another folder with --data-dir")
    if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
        return error("data folder", f"{folder}: this user may not write in {existing}")
    if running is not None:
        return warning("data folder", f"{folder}: in use by the kouyu that runs as process {running}; stop it first")
    if (folder / RESTORING).exists():
        return error("data folder", f"{folder}: a restore was cut off; run it again: kouyu restore FILE --force")
    return good("data folder", str(folder) if existing == folder else f"{folder} (the first start makes it)")


async def _database(database: str | Path) -> Finding:
    try:
        shown, found = await schema_version_of(database)
    except StoreError as fault:
        return error("database", str(fault))
    known = len(STEPS)
    if found is None:
        return good("database", f"{shown} (the first start makes its tables)")
    if found.version > known:
        return error("database", f"{shown} {too_new(found)}")
    if found.version < known:
        change = f"schema version {found.version}; the start migrates it to {known}. Save a backup before"
        return warning("database", f"{shown}: {change}")
    return good("database", f"{shown}: schema version {known}")


def _ports(chosen: ServerSettings, folder: Path, running: str | None) -> Iterator[Finding]:
    host = EVERYWHERE if chosen.lan else chosen.host
    here = Ports(host, chosen.port, chosen.https_port)
    last = read_address(folder)
    is_ours = running is not None and last is not None and last.http == here.http
    with ExitStack() as bound:
        for port, url, option in (
            (chosen.port, here.http, "--port"),
            (chosen.https_port, here.https, "--https-port"),
        ):
            try:
                bound.enter_context(bind(host, port, option))
            except ListenError as fault:
                if is_ours:
                    yield warning("port", f"{url}: the kouyu that runs as process {running} listens there")
                else:
                    yield error("port", str(fault))
            else:
                yield good("port", url if port else f"{url.rpartition(':')[0]}, any free port")


def _certificate(chosen: ServerSettings, folder: Path) -> Finding:
    if not chosen.certificate:
        kind = chosen.certificate_key_type.upper()
        return good("certificate", f"{kind}, issued by kouyu's own authority in {folder / 'tls'}")
    try:
        own_certificate(Path(chosen.certificate), Path(chosen.certificate_key))
    except CertificateError as fault:
        return error("certificate", str(fault))
    if outside := outside_its_dates(Path(chosen.certificate)):
        return error("certificate", outside)
    return good("certificate", chosen.certificate)
