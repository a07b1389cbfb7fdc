"""What is stored of an access token: whose it is, what it permits, and its limits. Its secret is not."""

from typing import Final, Literal

import msgspec

Permission = Literal[
    "voice", "text", "bots", "voiceprints", "diagnostics", "administration", "own_diagnostics", "login", "refresh"
]
"""``diagnostics`` covers all sessions of the token's owner, ``own_diagnostics`` those that the same token opened;
``login`` can be exchanged once for a token of the page, ``refresh`` once for tokens of an app."""

CLIENT_PERMISSIONS: Final[tuple[Permission, ...]] = ("voice", "text", "bots", "voiceprints", "diagnostics")
"""All that a client may do: everything but the administration of the server."""
ALL_PERMISSIONS: Final[tuple[Permission, ...]] = (*CLIENT_PERMISSIONS, "administration")
"""Together they permit everything."""

APP_TOKEN_OUTLIVES_S: Final = 24 * 3600
"""How long connections that were opened with a token of an app may last after it has expired. SDKs get a new token
only when they connect, and the tokens of apps are valid for minutes."""

LOGIN_NAME: Final = "login-"
PAGE_NAME: Final = "page-"
"""The beginning of the names of logins, and of tokens of the page; their id follows."""


class TokenLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the clients of one token may use together; None is no limit."""

    conversations: int | None = None
    """Conversations at once: sessions over WebSockets, and text chats."""
    audio_minutes_a_day: int | None = None
    """Minutes of audio received from and sent to its clients, in a day of UTC."""
    requests_a_minute: int | None = None
    """REST requests and WebSocket handshakes."""

    def __str__(self) -> str:
        words = ("conversations", "audio min/day", "requests/min")
        values = zip((self.conversations, self.audio_minutes_a_day, self.requests_a_minute), words, strict=True)
        return ", ".join(f"{value} {word}" for value, word in values if value is not None)


NO_LIMITS: Final = TokenLimits()


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. Times are Unix seconds; ``expires_at`` None means never."""

    id: str
    name: str
    digest: str
    permissions: tuple[Permission, ...]
    created_at: int
    owner: str = ""
    """Whose data it reads and writes. Those of other owners do not exist for it."""
    limits: TokenLimits = NO_LIMITS
    expires_at: int | None = None
    last_used_at: int | None = None
    app_id: str = ""
    """The client id of the app that signed in for it; "" for a token that was created."""
    grant_id: str = ""
    """Shared by all tokens of an app's sign-in."""
    refresh_family: str = ""
    """Of a refresh token: the digest by which the used ones before it are recognised (``token_secret.py``)."""
    bots: tuple[str, ...] = ()
    """The only bots that its clients may talk to; empty: all of the owner's, and all flows."""

    @property
    def is_of_page(self) -> bool:
        """Whether it was created from a login."""
        return self.name == PAGE_NAME + self.id

    @property
    def opens(self) -> str:
        """What it permits, in words."""
        return opened_by(self.permissions) + (f", with the bots {', '.join(self.bots)} alone" if self.bots else "")

    @property
    def grants(self) -> str:
        """What it permits, and its limits, in words."""
        return f"opens {self.opens}; limits: {str(self.limits) or 'none'}"

    def expired(self, now: float) -> bool:
        """Whether it has expired at the Unix time ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    def closes_connections(self, now: float) -> bool:
        """Whether connections that were opened with it end at the Unix time ``now``, since it has expired."""
        return self.expired(now - APP_TOKEN_OUTLIVES_S if self.app_id else now)

    def refuses_bot(self, bot_id: str, workflow_id: str = "") -> str:
        """Why its clients may not talk to this bot or flow, in words; "" if they may."""
        if not self.bots or (bot_id in self.bots and not workflow_id):
            return ""
        return f"the access token permits conversations with the bots {', '.join(self.bots)} alone"

    def permits(self, permissions: tuple[Permission, ...]) -> bool:
        """Whether it has one of these permissions."""
        return not {*self.permissions}.isdisjoint(permissions)


def opened_by(permissions: tuple[Permission, ...]) -> str:
    """What these permissions open, in words."""
    if {*permissions} >= {*ALL_PERMISSIONS}:
        return "everything"
    if {*permissions} >= {*CLIENT_PERMISSIONS}:
        return "everything but administration"
    return ", ".join(permissions)
