"""A commit whose answer is lost with the connection is made once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from kouyu.store.options import StoreOptions
from kouyu.store.store import Store


class CuttingProxy:
    """Between a server and PostgreSQL. Once armed it cuts the connection at the next COMMIT: ``before`` it arrives, or
    after it was answered."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.armed = ""
        self.cut = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(*self._server)

        async def back() -> None:
            while data := await answers.read(65536):
                writer.write(data)
            writer.close()

        relaying = asyncio.create_task(back())
        try:
            while data := await reader.read(65536):
                if self.armed and b"COMMIT" in data:
                    when, self.armed = self.armed, ""
                    self.cut += 1
                    relaying.cancel()
                    await asyncio.wait({relaying})
                    if when == "after":
                        requests.write(data)
                        await answers.read(65536)
                    return
                requests.write(data)
        finally:
            relaying.cancel()
            requests.close()
            writer.close()


@asynccontextmanager
async def behind_proxy(shared: str) -> AsyncIterator[tuple[Store, CuttingProxy]]:
    url = make_url(shared)
    assert url.host is not None
    assert url.port is not None
    proxy = CuttingProxy(url.host, url.port)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        location = url.set(port=port).render_as_string(hide_password=False)
        async with await Store.open(location, options=StoreOptions(patience_s=20)) as store:
            yield store, proxy
            proxy.armed = ""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_is_added_is_added_once(shared: str, when: str) -> None:
    async with behind_proxy(shared) as (store, proxy):
        token, _ = await store.tokens.create("phone")
        assert await store.tokens.count_audio(token.id, 1000) == 1000
        proxy.armed = when
        assert await store.tokens.count_audio(token.id, 500) == 1500
        assert proxy.cut == 1
        assert await store.tokens.audio_today_ms(token.id) == 1500


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_name_is_not_taken_by_the_lost_attempt_itself(shared: str, when: str) -> None:
    async with behind_proxy(shared) as (store, proxy):
        proxy.armed = when
        token, secret = await store.tokens.create("phone")
        assert await store.tokens.verify(secret) is not None
        login = await store.tokens.create_login()
        proxy.armed = when
        assert await store.tokens.exchange_login(login) is not None
        assert proxy.cut == 2
        assert token.name in [each.name for each in await store.tokens.list()]
