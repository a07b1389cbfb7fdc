"""The tables of apps and of their sign-ins, as queries use them; the others are in ``tables.py``."""

from sqlalchemy import BigInteger, Column, Named, Table, Text, TypedColumns

from kouyu.store.column_types import JsonText
from kouyu.store.tables import metadata


class AppColumns(TypedColumns):
    """Apps; ``id`` is the client id, ``secret_digest`` the SHA-256 of the secret in hexadecimal."""

    id: Named[str] = Column(Text, primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    kind: Named[str] = Column(Text)
    owner: Named[str] = Column(Text)
    permissions: Named[list[str]] = Column(JsonText)
    public_keys: Named[dict[str, str]] = Column(JsonText)
    redirect_uris: Named[list[str]] = Column(JsonText)
    audiences: Named[list[str]] = Column(JsonText)
    secret_digest: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)


class SignInColumns(TypedColumns):
    """Sign-ins of apps that are under way; ``digest`` is that of the authorization code or device code."""

    digest: Named[str] = Column(Text, primary_key=True)
    user_code: Named[str] = Column(Text)
    app_id: Named[str] = Column(Text)
    status: Named[str] = Column(Text)
    redirect_uri: Named[str] = Column(Text)
    challenge: Named[str] = Column(Text)
    expires_at: Named[int] = Column(BigInteger)
    interval_s: Named[int] = Column(BigInteger)
    polled_at: Named[int | None] = Column(BigInteger)


class UsedAssertionColumns(TypedColumns):
    """Assertions of service apps that were exchanged; ``digest`` is that of the app and the assertion's id."""

    digest: Named[str] = Column(Text, primary_key=True)
    expires_at: Named[int] = Column(BigInteger)


class UsedCodeColumns(TypedColumns):
    """Authorization codes that were exchanged, until they would have expired; ``grant_id`` is that of their tokens."""

    digest: Named[str] = Column(Text, primary_key=True)
    app_id: Named[str] = Column(Text)
    grant_id: Named[str] = Column(Text)
    expires_at: Named[int] = Column(BigInteger)


apps = Table("apps", metadata, AppColumns)
sign_ins = Table("sign_ins", metadata, SignInColumns)
used_assertions = Table("used_assertions", metadata, UsedAssertionColumns)
used_codes = Table("used_codes", metadata, UsedCodeColumns)
