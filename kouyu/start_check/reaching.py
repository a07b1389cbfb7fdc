"""Asks HTTP servers whether they are there, and language models' endpoints what they have."""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import msgspec

from kouyu.agents.reaching import KEY_REFUSED
from kouyu.engines.http_body import whole_body
from kouyu.engines.this_machine import is_this_machine

PATIENCE_S: Final = 5.0
"""For a connection, and for each part of an answer."""
_MOST_BYTES: Final = 4 * 1024 * 1024


class CannotReach(Exception):
    """The server does not answer, or refuses. The text says which, after the URL."""


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: tuple[_Model, ...]


async def ask(url: str, headers: Mapping[str, str], *, method: str = "GET") -> tuple[int, bytes]:
    """The status and the body, at most 4 MiB of it. Raises CannotReach, also for a key that is refused."""
    try:
        async with (
            httpx.AsyncClient(
                headers={"Accept-Encoding": "identity", **headers},
                timeout=PATIENCE_S,
                trust_env=not is_this_machine(url),
            ) as client,
            client.stream(method, url) as answer,
        ):
            body = b"" if answer.status_code >= 300 else await whole_body(answer, _MOST_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
        raise CannotReach(f"{url}: cannot be reached: {type(fault).__name__} {fault}".rstrip()) from fault
    if answer.status_code in KEY_REFUSED:
        raise CannotReach(f"{url}: refuses the key (HTTP {answer.status_code})")
    return answer.status_code, body


async def models_at(base_url: str, headers: Mapping[str, str]) -> Sequence[str] | None:
    """The names of the models that an OpenAI-compatible endpoint lists; None if it does not list them. Raises
    CannotReach."""
    status, body = await ask(f"{base_url.rstrip('/')}/models", headers)
    if status != 200:
        return None
    try:
        return [model.id for model in msgspec.json.decode(body, type=_Models).data]
    except msgspec.DecodeError:
        return None


def lists(model: str, listed: Sequence[str]) -> bool:
    """Whether the model is listed, perhaps with the tag that Ollama adds."""
    return model in listed or f"{model}:latest" in listed
