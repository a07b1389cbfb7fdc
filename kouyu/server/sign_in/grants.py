"""Exchanges what an app presents (an assertion, a code, a refresh token) for tokens (rest.md 1.5)."""

import base64
import hashlib
from collections.abc import Collection
from typing import Final, assert_never

from kouyu.server.sign_in.assertions import verify_assertion
from kouyu.server.sign_in.errors import SignInRefused
from kouyu.server.sign_in.requests import (
    DEVICE_CODE,
    JWT_BEARER,
    USUAL_TOKEN_S,
    TokenRequest,
    bots_in,
    permissions_in,
)
from kouyu.store.apps import AppKind, AppRecord
from kouyu.store.audit import Actor, AddEntry
from kouyu.store.issued_tokens import ACCESS_S, AssertionUsed, IssuedTokens
from kouyu.store.sign_ins import Outcome
from kouyu.store.store import Store
from kouyu.store.token_records import Permission, opened_by

_SHOWN: Final = 100
_BEYOND_A_SESSION: Final[tuple[Permission, ...]] = ("bots", "administration")
"""Bots belong to all sessions of an owner, and administration reaches all owners."""
_REFUSED: Final[dict[Outcome, tuple[str, str]]] = {
    "pending": ("authorization_pending", "the user has not entered the device's code yet"),
    "slow_down": ("slow_down", "this device asks too often: wait five seconds more between two requests"),
    "denied": ("access_denied", "the user denied access"),
    "expired": ("expired_token", "the code has expired; begin the sign-in again"),
    "unknown": ("invalid_grant", "this code has been used, or never existed, or is another app's"),
    "other_uri": ("invalid_grant", "redirect_uri differs from that of the sign-in; begin it again"),
    "other_verifier": ("invalid_grant", "code_verifier does not fit the sign-in's code_challenge; begin it again"),
}


class Grants:
    """Issues tokens. ``names`` are the host names of this server, for which assertions may be made out."""

    def __init__(self, store: Store, names: Collection[str]) -> None:
        self._store = store
        self._names = frozenset(name.lower() for name in names)

    async def issue(self, given: TokenRequest, bearer: str) -> IssuedTokens:
        """The tokens for a request; ``bearer`` is what its header ``Authorization`` holds. Raises SignInRefused,
        StoreError."""
        match given.grant_type:
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return await self._for_assertion(given, bearer or given.assertion)
            case "authorization_code":
                return await self._for_code(given, bearer)
            case "urn:ietf:params:oauth:grant-type:device_code":
                return await self._for_device_code(given)
            case "refresh_token":
                return await self._for_refresh_token(given, bearer)
            case other:
                known = f"authorization_code, refresh_token, {JWT_BEARER} or {DEVICE_CODE}"
                said = f"grant_type: {other[:_SHOWN]!r} is not allowed; allowed: {known}"
                raise SignInRefused("unsupported_grant_type", said)

    async def _for_assertion(self, given: TokenRequest, text: str) -> IssuedTokens:
        assertion = await verify_assertion(text, self._store.apps, self._names)
        permissions = permissions_in(given.scope, assertion.app)
        if assertion.session_name:
            permissions = tuple(each for each in permissions if each not in _BEYOND_A_SESSION)
            if not permissions:
                said = (
                    f"scope: a token with a session_name opens data of its own, none of {', '.join(_BEYOND_A_SESSION)}"
                )
                raise SignInRefused("invalid_scope", said)
        issued = self._store.issuer.make(
            assertion.app,
            lasts_s=given.duration_seconds or USUAL_TOKEN_S,
            permissions=permissions,
            bots=bots_in(given.scope),
            session_name=assertion.session_name,
            entry=self._entry(assertion.app, opened_by(permissions)),
        )
        try:
            await self._store.issuer.save_for_assertion(issued, assertion.jti, assertion.expires_at)
        except AssertionUsed as fault:
            said = "this assertion was used before: sign one with a new jti for each request"
            raise SignInRefused("invalid_grant", said) from fault
        return issued

    async def _for_code(self, given: TokenRequest, bearer: str) -> IssuedTokens:
        app = await self._app(given, bearer, ("web", "pkce"))
        issued = self._consented(app)
        challenge = challenge_of(given.code_verifier) if given.code_verifier else ""
        outcome = await self._store.sign_ins.exchange(
            app, given.code, issued, redirect_uri=given.redirect_uri, challenge=challenge
        )
        if outcome == "unknown" and (grant_id := await self._store.sign_ins.grant_of_used(app, given.code)):
            await self._revoke_grant(app, grant_id, "an authorization code was presented again")
        return _issued(outcome, issued)

    async def _for_device_code(self, given: TokenRequest) -> IssuedTokens:
        app = await self._app(given, "", ("device",))
        issued = self._consented(app)
        return _issued(await self._store.sign_ins.exchange(app, given.device_code, issued), issued)

    async def _for_refresh_token(self, given: TokenRequest, bearer: str) -> IssuedTokens:
        app = await self._app(given, bearer, ("web", "pkce", "device"))
        issuer, secret = self._store.issuer, given.refresh_token
        if (refresh := await issuer.refresh_token(app, secret)) is not None:
            # Renewals are not in the audit log, where they would crowd out the rest.
            issued = issuer.make(app, lasts_s=ACCESS_S, refreshes=True, grant_id=refresh.grant_id, refreshed=secret)
            if await issuer.rotate(refresh, issued):
                return issued
        if grant_id := await issuer.grant_of_used(app, secret):
            await self._revoke_grant(app, grant_id, "a refresh token was presented again")
        raise SignInRefused(
            "invalid_grant",
            "this refresh token has been used, has expired, or never existed; the user must sign in again",
        )

    async def _revoke_grant(self, app: AppRecord, grant_id: str, why: str) -> None:
        actor = Actor(f"app {app.name}", app.owner)
        entry = self._store.audit.entry(
            actor, "token.revoked", app.name, owner=app.owner, detail=f"all of a sign-in: {why}"
        )
        await self._store.tokens.revoke_grant(grant_id, entry)

    def _consented(self, app: AppRecord) -> IssuedTokens:
        """Tokens for an app whose user has consented."""
        entry = self._entry(app, opened_by(app.permissions))
        return self._store.issuer.make(app, lasts_s=ACCESS_S, refreshes=True, entry=entry)

    def _entry(self, app: AppRecord, opens: str) -> AddEntry:
        actor = Actor(f"app {app.name}", app.owner)
        return self._store.audit.entry(actor, "token.issued", app.name, owner=app.owner, detail=f"opens {opens}")

    async def _app(self, given: TokenRequest, bearer: str, kinds: tuple[AppKind, ...]) -> AppRecord:
        """The app that asks. Raises SignInRefused for an unknown one, of another kind, or without its secret."""
        app = await self._store.apps.get(given.client_id)
        if app is None or app.kind not in kinds:
            kind = " or ".join(kinds)
            said = f"there is no {kind} app with the client id {given.client_id[:_SHOWN]!r}; see kouyu app list"
            raise SignInRefused("invalid_client", said, status=401)
        match app.kind:
            case "web":
                if not app.has_secret(bearer or given.client_secret):
                    said = "the app's secret is wrong or missing: send the header Authorization: Bearer <secret>"
                    raise SignInRefused("invalid_client", said, status=401)
            case "pkce" | "device" | "service":  # public, or has signed
                pass
            case _:
                assert_never(app.kind)
        return app


def challenge_of(verifier: str) -> str:
    """The code challenge S256 of a code verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _issued(outcome: Outcome, issued: IssuedTokens) -> IssuedTokens:
    if outcome == "issued":
        return issued
    error, msg = _REFUSED[outcome]
    raise SignInRefused(error, msg)
