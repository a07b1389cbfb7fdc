"""The link by which a browser comes in (docs/diagnostics.md)."""

from urllib.parse import quote


def login_link(base_url: str, login: str) -> str:
    """The address of the page with a login in it, behind ``#``: browsers send that part to nobody."""
    return f"{base_url}/#login={quote(login, safe='')}"
