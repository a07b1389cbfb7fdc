"""Finds the access token in a request, wherever the client's SDK puts it (websocket.md 1.2)."""

from collections.abc import Iterable
from urllib.parse import unquote

import msgspec

SCHEMES = ("bearer ", "bearer+")
"""``urlencode`` and HTML forms write a blank in a query as a plus."""
_KEY = "openai-insecure-api-key."
MISSING = ("", "undefined", "null")
"""What JS writes into the query when it has no token."""


class Credentials(msgspec.Struct, frozen=True):
    """The ``token`` a client presented, None for none. ``sees_status`` is False for clients that cannot read the HTTP
    status of a failed handshake: browsers, and uni-app, which sends the query alone (websocket.md 1.7).
    """

    token: str | None
    sees_status: bool


def presented(headers: Iterable[tuple[bytes, bytes]], query: bytes) -> Credentials:
    """Return the token of the ``Authorization`` header if there is one, else of the WebSocket subprotocol by which
    OpenAI's clients send it from browsers, else of the query parameter ``authorization``.

    ``headers`` are those of ASGI, names in lower case; ``query`` is the raw query string.
    """
    fields = {name.lower(): value.decode("latin-1") for name, value in headers}
    header = fields.get(b"authorization")
    parameter = query_value(query, "authorization")
    in_browser = b"origin" in fields
    offered = subprotocols(fields.get(b"sec-websocket-protocol", ""))
    if header is None:
        keys = (name.removeprefix(_KEY) for name in offered if name.startswith(_KEY))
        header = next(keys, None)
    if header is not None:
        return Credentials(_token(header), not in_browser)
    return Credentials(_token(parameter or ""), not in_browser and parameter is None)


def subprotocols(header: str) -> list[str]:
    """The names in a header ``Sec-WebSocket-Protocol``."""
    return [name.strip() for name in header.split(",") if name.strip()]


def query_value(query: bytes, name: str) -> str | None:
    """The first value of a query parameter, or None.

    Percent sequences are decoded, but a plus stays a plus: the SDKs encode nothing, and tokens hold pluses. Letter case
    of the name does not matter.
    """
    for part in query.decode("latin-1").split("&"):
        key, _, value = part.partition("=")
        if unquote(key).lower() == name:
            return unquote(value)
    return None


def _token(text: str) -> str | None:
    text = text.strip()
    for scheme in SCHEMES:
        if text[: len(scheme)].lower() == scheme:
            text = text[len(scheme) :].strip()
    return None if text.lower() in (*MISSING, "bearer") else text
