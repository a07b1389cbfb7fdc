"""Finds and downloads tarballs with the user's npm configuration; neither npm nor Node is needed."""

from __future__ import annotations

import os
import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import certifi
import httpx
import msgspec

from kouyu.weights.download import Advance, Downloader, Wanted
from kouyu.weights.errors import FetchFailed, Gone, WrongContent
from kouyu.weights.npm_configuration import DEFAULT_REGISTRY, NpmConfiguration, read_configuration
from kouyu.weights.weight_set import Tarball

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_ABBREVIATED: Final = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"
"""The metadata that an installation needs, as npm itself asks for it."""


class _Distribution(msgspec.Struct, frozen=True):
    tarball: str
    integrity: str = ""


class _Release(msgspec.Struct, frozen=True):
    dist: _Distribution


class _Metadata(msgspec.Struct, frozen=True):
    versions: dict[str, _Release] = {}


class NpmRegistry:
    """The registry that the user's npm configuration names. Usable from several threads."""

    def __init__(self, configuration: NpmConfiguration, client: httpx.Client) -> None:
        self._configuration = configuration
        self._client = client

    def locate(self, tarball: Tarball) -> str:
        """The URL of the tarball. Raises Gone if the registry no longer has the version, WrongContent if it has a
        different file, FetchFailed."""
        registry = self._configuration.registry
        address = registry + quote(tarball.package, safe="@")
        try:
            answer = self._client.get(address, headers={"Accept": _ABBREVIATED})
            answer.raise_for_status()
            release = msgspec.json.decode(answer.content, type=_Metadata).versions.get(tarball.version)
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            if code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise Gone(_text(tarball, registry, "it has no such package")) from error
            raise FetchFailed(_text(tarball, registry, f"it answered with HTTP status {code}")) from error
        except httpx.HTTPError as error:
            raise FetchFailed(_text(tarball, registry, f"{type(error).__name__}: {error}")) from error
        except msgspec.DecodeError as error:
            raise FetchFailed(_text(tarball, registry, f"its answer is not npm's: {error}")) from error
        if release is None:
            raise Gone(_text(tarball, registry, "it has no such version"))
        found = release.dist.integrity
        if found.startswith("sha512-") and found != tarball.integrity:
            raise WrongContent(f"{tarball.name} of the npm registry", expected=tarball.integrity, found=found)
        return _at_registry(release.dist.tarball, registry)


def fetch(tarball: Tarball, target: Path, registry: NpmRegistry, downloader: Downloader, advance: Advance) -> None:
    """Download a tarball to `target` and check it. Raises as NpmRegistry.locate and Downloader.fetch do."""
    downloader.fetch(Wanted(registry.locate(tarball), tarball.sha256, tarball.size), target, advance)


def configured_registry() -> tuple[NpmRegistry, httpx.Client]:
    """The registry of the user's configuration, and the client that reaches it, for the caller to close.

    Raises FetchFailed if the configuration cannot be read.
    """
    configuration = read_configuration(os.environ)
    client = _client(configuration)
    return NpmRegistry(configuration, client), client


def _client(configuration: NpmConfiguration) -> httpx.Client:
    """An HTTP client with npm's trusted certificates, proxy and credentials."""
    context = _trust(configuration)
    mounts: dict[str, httpx.BaseTransport | None] = {}
    if configuration.proxy:
        mounts = {"all://": httpx.HTTPTransport(verify=context, proxy=configuration.proxy)}
        for host in configuration.hosts_without_proxy:
            pattern = f"all://*{host}" if host.startswith(".") else f"all://{host}"
            mounts[pattern] = httpx.HTTPTransport(verify=context)
    return httpx.Client(
        verify=context, mounts=mounts, auth=_Credentials(configuration), follow_redirects=True, timeout=_TIMEOUT
    )


def _trust(configuration: NpmConfiguration) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    for trusted in (configuration.certificates, os.environ.get("NODE_EXTRA_CA_CERTS")):
        if trusted:
            try:
                context.load_verify_locations(cafile=Path(trusted).expanduser())
            except OSError as error:
                raise FetchFailed(f"npm's certificates {trusted} cannot be read: {error}.") from error
    if configuration.trusts_any_certificate:
        # What arrives is compared with the catalogue's SHA-256 in any case.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Credentials(httpx.Auth):
    """Adds the credentials that the configuration has for a request's URL; httpx drops them at another host."""

    def __init__(self, configuration: NpmConfiguration) -> None:
        self._configuration = configuration

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if authorization := self._configuration.authorization(str(request.url)):
            request.headers["Authorization"] = authorization
        yield request


def _at_registry(tarball: str, registry: str) -> str:
    """The tarball's URL, at the configured registry where the metadata names npm's own, as some mirrors pass it on
    (npm's setting ``replace-registry-host``)."""
    address = urlsplit(tarball)
    at_npm = address.hostname == urlsplit(DEFAULT_REGISTRY).hostname
    return registry.rstrip("/") + address.path if at_npm else tarball


def _text(tarball: Tarball, registry: str, why: str) -> str:
    return (
        f"The npm registry {registry} gave no {tarball.name} ({why}). "
        "Check the network, and `registry` in npm's configuration (~/.npmrc, NPM_CONFIG_REGISTRY)."
    )
