"""Reads secrets from the environment variables that the settings name, so that the file need not hold them."""

import os

from kouyu.agents.agent import AgentError


def from_environment(owner: str, setting: str, variable: str) -> str:
    """Return the variable's value. Raises AgentError, naming ``owner`` and ``setting``, if it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise AgentError(f"{owner}: the environment variable {variable} ({setting}) is not set")
    return value


def with_bearer(owner: str, headers: dict[str, str], token_env: str) -> dict[str, str]:
    """Add the bearer token that ``token_env`` names, if any, to the headers. Raises AgentError."""
    if not token_env:
        return headers
    return {**headers, "Authorization": f"Bearer {from_environment(owner, 'token_env', token_env)}"}
