"""Asks a server for the ids of its voices."""

import asyncio
import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kouyu.client.voice_client import trusting

_PATIENCE_S: Final = 5.0


async def voice_ids(base_url: str, token: str, authority: Path | None = None) -> Sequence[str]:
    """The ids of the server's voices, the default one first; none if it does not tell (a token that may only talk).

    ``authority`` is a PEM file of one more certificate authority to trust.
    """
    return await asyncio.to_thread(_voice_ids, base_url, token, authority)


def _voice_ids(base_url: str, token: str, authority: Path | None) -> Sequence[str]:
    url = f"{base_url.rstrip('/')}/v1/audio/voices?page_size=100"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    trust = trusting(authority) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S, context=trust) as answer:
            listed = json.load(answer)["data"]["voice_list"]
        return [str(voice["voice_id"]) for voice in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
