"""What a server has one of, however many processes it runs in: its ports, certificate, token and links."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from socket import socket

import msgspec

from kouyu.server.kouyu_api.link import login_link
from kouyu.server.process.address_file import Address, write_address
from kouyu.server.process.certificates import Certificates, local_certificate, own_certificate
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.lan import lan_addresses, lan_links_of, lan_names
from kouyu.server.process.sharing import open_store
from kouyu.server.process.tcp_listeners import EVERYWHERE, Ports, bind
from kouyu.settings import Settings
from kouyu.settings.all_settings import ServerSettings
from kouyu.store.store import Store


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What users and scripts need to know about a server that is ready."""

    http: str
    """Base URL of plain HTTP."""
    https: str
    ca: str
    """The PEM file of the local authority; empty with a certificate of the user's own."""
    token: str
    login: str
    """URL of the page, with a one-time login in it."""
    lan_links: tuple[str, ...]
    """The same for other machines of the local network, with another login; empty if they are not served."""
    bots: tuple[str, ...]
    """Bot ids, the default one first."""
    pid: int
    trust_line: str
    """The shell line that makes Python and Node trust ``https``; empty where nothing is needed."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The sockets it listens on, and what its clients are told."""

    plain: socket
    tls: socket
    ports: Ports
    certificates: Certificates
    store: Store
    token: str
    login: str
    lan: tuple[str, ...]
    lan_links: tuple[str, ...]

    def write_address(self, folder: Path) -> None:
        """Let kouyu's other commands find the server."""
        write_address(folder, Address(self.ports.http, tuple(lan_addresses(self.ports, self.lan))))

    def ready(self, bots: tuple[str, ...]) -> Ready:
        """What is said when clients are served."""
        return Ready(
            http=self.ports.http,
            https=self.ports.https,
            ca=str(self.certificates.authority or ""),
            token=self.token,
            login=self.login,
            lan_links=self.lan_links,
            bots=bots,
            pid=os.getpid(),
            trust_line=self.certificates.trust_line,
        )


@asynccontextmanager
async def opened_server(settings: Settings, folder: DataFolder, database: str | Path) -> AsyncIterator[Opened]:
    """Bind the ports and open the store while the block runs. Raises ListenError, CertificateError, StoreError."""
    chosen = settings.server
    async with AsyncExitStack() as stack:
        host = EVERYWHERE if chosen.lan else chosen.host
        lan = await asyncio.to_thread(lan_names) if chosen.lan else ()
        plain = stack.enter_context(bind(host, chosen.port, "--port"))
        tls = stack.enter_context(bind(host, chosen.https_port, "--https-port"))
        ports = Ports(host, plain.getsockname()[1], tls.getsockname()[1])
        certificates = await asyncio.to_thread(_certificates, chosen, folder.tls, lan)
        store = await stack.enter_async_context(open_store(database, folder, settings.store))
        token = await folder.access_token(store.tokens, is_shared=store.is_shared)
        login = login_link(ports.http, await store.tokens.create_login())
        yield Opened(
            plain=plain,
            tls=tls,
            ports=ports,
            certificates=certificates,
            store=store,
            token=token,
            login=login,
            lan=lan,
            lan_links=await lan_links_of(ports, lan, store.tokens),
        )


def instance() -> str:
    """What tells a server that is being started from others on its database: random, one for all of its processes."""
    return secrets.token_hex(8)


async def forget_left_overs(store: Store, settings: Settings) -> None:
    """Delete recordings beyond the limits, and uploads that a crash cut off: before clients upload more."""
    await store.kept_sounds.forget(settings.audio.bounds)
    await store.sweep_files()


def _certificates(chosen: ServerSettings, folder: Path, lan: Sequence[str]) -> Certificates:
    if chosen.certificate:
        return own_certificate(Path(chosen.certificate), Path(chosen.certificate_key))
    return local_certificate(folder, (chosen.host, *chosen.names, *lan), chosen.certificate_key_type)
