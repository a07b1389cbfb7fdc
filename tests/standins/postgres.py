"""A PostgreSQL server of the tests' own, where its programs are installed: Debian's or PyPI's, found on the PATH."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

NEEDED = "PostgreSQL's initdb and pg_ctl are not on the PATH"

_LOCAL = "127.0.0.1"


class Postgres(msgspec.Struct, frozen=True):
    """A running server, whose user may do everything without a password."""

    folder: Path
    port: int
    user_id: int | None
    """The system user it runs as; None: the one of the tests. PostgreSQL does not run as root."""
    address: str = _LOCAL

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://kouyu@{self.address}:{self.port}/{database}"

    def control(self, *command: str) -> None:
        """Run pg_ctl, such as ``restart -m fast``; returns when it is done."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={self.address} -c max_connections=200"
        arguments = ["pg_ctl", *command, "-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "log")]
        _run([*arguments, "-o", options], self.user_id)

    @property
    def pid(self) -> int:
        """The process id of its first process."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])


def is_installed() -> bool:
    """Whether there is a PostgreSQL to start."""
    return all(shutil.which(program) for program in ("initdb", "pg_ctl"))


@contextmanager
def running_postgres(*, address: str = _LOCAL, trusts: str = "") -> Iterator[Postgres]:
    """An empty server at an address of this machine, gone when the block ends. ``trusts``: a network that it serves as
    it serves this machine, such as 10.0.0.0/24."""
    user_id = 65534 if os.geteuid() == 0 else None
    # Not in pytest's folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="kouyu-postgres-"))
    try:
        if user_id is not None:
            os.chown(folder, user_id, user_id)
        initialize = ["initdb", "-D", str(folder / "data"), "-U", "kouyu", "--auth=trust", "--no-sync", "-E", "UTF8"]
        _run([*initialize, "--locale=C"], user_id)
        if trusts:
            with (folder / "data/pg_hba.conf").open("a", encoding="utf-8") as access:
                access.write(f"host all all {trusts} trust\n")
        server = Postgres(folder, _free_port(), user_id, address)
        server.control("start")
        try:
            yield server
        finally:
            server.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[str]:
    """The URL of a new database on the server of this URL, gone when the block ends."""
    at = make_url(server)
    name = f"kouyu_test_{secrets.token_hex(6)}"
    admin = create_async_engine(at.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield at.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


def _run(command: list[str], user_id: int | None) -> None:
    done = subprocess.run(
        command,
        user=user_id,
        cwd="/",
        stdin=subprocess.DEVNULL,
        # Not a pipe: the server inherits it, and would hold it open.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
