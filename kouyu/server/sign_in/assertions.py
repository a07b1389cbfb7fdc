"""Verifies the assertions (JWTs) by which service apps sign in (RFC 7523).

An assertion is signed with a private key whose public half was registered. Which algorithms verify it depends on the
registered key alone, never on what the assertion says.
"""

import base64
import time
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kouyu.server.sign_in.errors import SignInRefused
from kouyu.store.apps import AppRecord, Apps
from kouyu.text.untrusted_json import decode_untrusted

LEEWAY_S: Final = 60
"""How far the clocks of an app and of this server may differ."""
LONGEST_S: Final = 24 * 3600
"""The longest time from ``iat`` to ``exp`` of an assertion."""
LARGEST: Final = 8192
"""Most characters of an assertion."""
LONGEST_SESSION_NAME: Final = 128
_SHOWN: Final = 100
_REQUIRED: Final = ("iss", "aud", "iat", "exp", "jti")


class Assertion(msgspec.Struct, frozen=True):
    """A verified assertion. ``expires_at``, in Unix seconds, is when it is refused for its age too."""

    app: AppRecord
    jti: str
    expires_at: int
    session_name: str


class _Header(msgspec.Struct, frozen=True):
    kid: str = ""


class _Claims(msgspec.Struct, frozen=True):
    iss: str = ""
    aud: str | list[str] = ""
    session_name: str = ""


async def verify_assertion(text: str, apps: Apps, names: Collection[str]) -> Assertion:
    """Return the assertion in ``text``; ``names`` are the host names of this server, in lower case.

    Raises SignInRefused, StoreError.
    """
    header, stated = _parts(text)
    app = await apps.get(stated.iss)
    if app is None or app.kind != "service":
        said = f"there is no service app with the client id {stated.iss[:_SHOWN]!r} (iss); see kouyu app list"
        raise SignInRefused("invalid_client", said, status=401)
    key = app.public_keys.get(header.kid)
    if key is None:
        known = ", ".join(app.public_keys)
        said = f"the app {app.name} has no public key with the id {header.kid[:_SHOWN]!r} (kid), but {known}"
        raise SignInRefused("invalid_client", said, status=401)
    claims = _verified(text, app, key)
    _check_audience(stated.aud, {*names, *app.audiences})
    _check_session_name(stated.session_name)
    if claims["exp"] - claims["iat"] > LONGEST_S + LEEWAY_S:
        raise SignInRefused("invalid_grant", f"the assertion is valid for more than {LONGEST_S} s (exp - iat)")
    return Assertion(app, str(claims["jti"]), int(claims["exp"]) + LEEWAY_S, stated.session_name)


def algorithms_of(public_key: str) -> list[str]:
    """The algorithms that verify with this key (PEM). Raises ValueError for a key that none of them takes."""
    key = load_pem_public_key(public_key.encode())
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return ["RS256", "RS384", "RS512"]
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ["ES256"]
    raise ValueError("it is neither an RSA key of 2048 bits or more nor a P-256 one")


def _parts(text: str) -> tuple[_Header, _Claims]:
    """The header and claims as stated, not verified."""
    parts = text.split(".")
    if not text or len(text) > LARGEST or len(parts) != 3:
        what = "the header Authorization needs the assertion, a JWT signed by the app: Bearer <JWT>"
        raise SignInRefused("invalid_request", what)
    try:
        header = decode_untrusted(_decoded(parts[0]), _Header)
        return header, decode_untrusted(_decoded(parts[1]), _Claims)
    except (ValueError, msgspec.MsgspecError) as fault:
        raise SignInRefused("invalid_request", f"the assertion is no readable JWT: {fault}") from fault


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _verified(text: str, app: AppRecord, key: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=algorithms_of(key),
            issuer=app.id,
            leeway=LEEWAY_S,
            # The audience is compared below: SDKs write it with and without the port.
            options={"require": list(_REQUIRED), "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as fault:
        raise SignInRefused("invalid_grant", f"the assertion has expired (exp); {_clock()}") from fault
    except jwt.ImmatureSignatureError as fault:
        raise SignInRefused("invalid_grant", f"the assertion is of the future ({fault}); {_clock()}") from fault
    except jwt.InvalidSignatureError as fault:
        said = "the assertion is not signed with the private key of the app's public key (kid)"
        raise SignInRefused("invalid_client", said, status=401) from fault
    except (jwt.PyJWTError, ValueError, RecursionError) as fault:
        raise SignInRefused("invalid_grant", f"the assertion is refused: {fault}") from fault
    return claims


def _clock() -> str:
    return f"this server's clock shows {int(time.time())}; the clocks may differ by {LEEWAY_S} s"


def _check_audience(stated: str | list[str], allowed: set[str]) -> None:
    """Raises SignInRefused for an assertion that was made out to another server."""
    audiences = [stated] if isinstance(stated, str) else stated
    if not any(_is_allowed(_host(each), allowed) for each in audiences):
        said = (
            f"the assertion is for {', '.join(audiences)[:_SHOWN]!r} (aud), and this server is not known by that name:"
            " add it to names in [server] of kouyu.toml, or register the app with --audience"
        )
        raise SignInRefused("invalid_grant", said)


def _is_allowed(host: str, allowed: set[str]) -> bool:
    return bool(host) and (host in allowed or ("." in host and f"*.{host.partition('.')[2]}" in allowed))


def _host(audience: str) -> str:
    """The host name in an audience: coze-py and coze-go add the port, coze-java does not."""
    try:
        return (urlsplit(audience if "://" in audience else f"//{audience}").hostname or "").lower()
    except ValueError:
        return ""


def _check_session_name(name: str) -> None:
    if len(name) > LONGEST_SESSION_NAME or not name.isprintable():
        allowed = f"at most {LONGEST_SESSION_NAME} printable characters"
        raise SignInRefused("invalid_request", f"session_name: {name[:_SHOWN]!r} is not allowed; allowed: {allowed}")
