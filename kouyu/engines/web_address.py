"""Checks addresses in settings."""


def require_web_address(key: str, value: str) -> None:
    """Raises ValueError, naming the ``key``, unless ``value`` is empty or an HTTP URL."""
    if value and not value.startswith(("http://", "https://")):
        raise ValueError(f"{key}: {value!r} is not allowed; allowed: an http:// or https:// address")
