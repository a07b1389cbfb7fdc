"""Secrets that the settings name by their environment variable, so that they need not stand in the file."""

import os

from kouyu.agents.agent import AgentError


def from_environment(owner: str, setting: str, variable: str) -> str:
    """The variable's value. Raises AgentError, naming ``owner`` and ``setting``, when it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise AgentError(f"{owner}: the environment variable {variable} ({setting}) is not set")
    return value


def with_bearer(owner: str, headers: dict[str, str], token_env: str) -> dict[str, str]:
    """The headers, with the bearer token that ``token_env`` names, if it names one. Raises AgentError."""
    if not token_env:
        return headers
    return {**headers, "Authorization": f"Bearer {from_environment(owner, 'token_env', token_env)}"}
