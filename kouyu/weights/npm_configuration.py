"""npm's configuration, as far as a download needs it: registry, certificates, proxy, credentials.

It is read from where npm reads it (environment, the user's file, the global file), without npm or Node, so that a
machine without them downloads through the mirror that its user has configured. A project's own ``.npmrc`` is not read.
"""

from __future__ import annotations

import base64
import configparser
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from kouyu.weights.errors import FetchFailed

DEFAULT_REGISTRY: Final = "https://registry.npmjs.org/"
"""npm's own default."""

_ENVIRONMENT_PREFIX: Final = "npm_config_"
_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")


class NpmConfiguration(msgspec.Struct, frozen=True):
    """npm's settings by name, the environment's before the user's before the global ones."""

    settings: Mapping[str, str]

    @property
    def registry(self) -> str:
        """The registry's URL; ends with a slash."""
        return self.settings.get("registry", DEFAULT_REGISTRY).rstrip("/") + "/"

    @property
    def proxy(self) -> str | None:
        """The URL of the proxy that is configured for npm alone."""
        return self._set("https-proxy") or self._set("proxy")

    @property
    def hosts_without_proxy(self) -> tuple[str, ...]:
        """Hosts, or domains that begin with a dot, that are reached without the proxy."""
        return tuple(host.strip() for host in self.settings.get("noproxy", "").split(",") if host.strip())

    @property
    def certificates(self) -> str | None:
        """The path of a file of trusted certificates."""
        return self._set("cafile")

    @property
    def trusts_any_certificate(self) -> bool:
        """Whether the user has switched verification off (``strict-ssl``)."""
        return self.settings.get("strict-ssl") == "false"

    def authorization(self, url: str) -> str | None:
        """The Authorization header for a URL: of the longest configured path that contains it. None without one."""
        address = urlsplit(url)
        path = address.path
        while True:
            path = path.rpartition("/")[0]
            place = f"//{address.netloc}{path}/:"
            if token := self.settings.get(f"{place}_authToken"):
                return f"Bearer {token}"
            if both := self.settings.get(f"{place}_auth") or self._user_and_password(place):
                return f"Basic {both}"
            if not path:
                return None

    def _user_and_password(self, place: str) -> str | None:
        """``username`` and ``_password`` in base64; the latter is stored in base64 by itself."""
        user, password = self.settings.get(f"{place}username"), self.settings.get(f"{place}_password")
        if not user or not password:
            return None
        return base64.b64encode(f"{user}:".encode() + base64.b64decode(password)).decode()

    def _set(self, name: str) -> str | None:
        value = self.settings.get(name, "")
        return value if value not in ("", "null", "false") else None


def read_configuration(environment: Mapping[str, str]) -> NpmConfiguration:
    """The configuration of the user with this environment. Raises FetchFailed if a file cannot be read."""
    given = _of_environment(environment)
    user = _of_file(Path(given.get("userconfig", "~/.npmrc")).expanduser(), environment)
    shared = _of_file(_global_file(user | given), environment)
    return NpmConfiguration(shared | user | given)


def _of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``NPM_CONFIG_CAFILE`` is the setting ``cafile``; the case and, inside a name, ``_`` for ``-`` are ignored."""
    settings = {}
    for variable, value in environment.items():
        if variable.lower().startswith(_ENVIRONMENT_PREFIX) and value:
            name = variable[len(_ENVIRONMENT_PREFIX) :]
            settings[name if name.startswith("//") else re.sub("(?<!^)_", "-", name).lower()] = value
    return settings


def _global_file(settings: Mapping[str, str]) -> Path | None:
    if named := settings.get("globalconfig"):
        return Path(named)
    if prefix := settings.get("prefix"):
        return Path(prefix).expanduser() / "etc" / "npmrc"
    node = shutil.which("node")
    return Path(node).resolve().parent.parent / "etc" / "npmrc" if node else None


def _of_file(path: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), strict=False, allow_no_value=True, default_section=""
    )
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names are case-sensitive: _authToken
    try:
        parser.read_string("[npm]\n" + path.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error) as error:
        raise FetchFailed(f"npm's configuration {path} cannot be read: {error}") from error

    def expanded(value: str) -> str:
        return _VARIABLE.sub(lambda found: environment.get(found[1], found[0]), value.strip().strip("\"'"))

    return {name.strip(): expanded(value or "true") for name, value in parser.items("npm")}
