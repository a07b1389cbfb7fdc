"""The schema of ``chat.update`` over REST."""

import httpx
import pytest

from kouyu.store.token_records import Permission
from tests.server.conftest import Running


@pytest.mark.parametrize("permission", ["voice", "text", "diagnostics", "own_diagnostics"])
async def test_any_access_token_may_read_it(server: Running, permission: Permission) -> None:
    _, secret = await server.store.tokens.create("phone", permissions=(permission,))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        answer = await client.get("/v1/kouyu/configuration", headers={"Authorization": f"Bearer {secret}"})
        refused = await client.get("/v1/kouyu/configuration")
    schema = answer.json()["data"]
    silence = schema["properties"]["turn_detection"]["properties"]["silence_duration_ms"]
    assert (silence["default"], silence["maximum"], silence["x-kouyu"]["unit"]) == (500, 10_000, "ms")
    assert refused.status_code == 401
