"""The login link that a browser opens (docs/diagnostics.md)."""

from urllib.parse import quote


def login_link(base_url: str, login: str) -> str:
    """The page's URL with the login in its fragment (after ``#``), which browsers never send to a server."""
    return f"{base_url}/#login={quote(login, safe='')}"
