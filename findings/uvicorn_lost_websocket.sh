#!/bin/sh
# How uvicorn tells an ASGI application that a WebSocket was lost: TCP ends, and no close frame came.
#
# Expected: the code 1006 of RFC 6455, 7.1.5 ("abnormal closure") in `websocket.disconnect`, whichever implementation of
# the protocol uvicorn runs, so that an application can tell a client that was lost from one that said goodbye.
# Seen with uvicorn 0.54.0 and websockets 14.2: the implementation "websockets" gives 1006, but "websockets-sansio", which
# takes its place, gives 1005 ("no status code was present"), as a client's close frame without a code does: by the code
# those two cannot be told apart.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "uvicorn==0.54.0" "websockets==14.2"
cat >"$folder/lost.py" <<'PYTHON'
import asyncio

import uvicorn
from websockets.asyncio.client import connect

codes = []
news = asyncio.Event()


async def app(scope, receive, send):
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    codes.append((await receive())["code"])
    news.set()


async def code_after(end, implementation):
    news.clear()
    config = uvicorn.Config(app, port=0, ws=implementation, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    client = await connect(f"ws://127.0.0.1:{port}")
    await end(client)
    await asyncio.wait_for(news.wait(), 10)
    server.should_exit = True
    await serving
    return codes[-1]


async def lose(client):
    client.transport.abort()


async def say_goodbye(client):
    await client.close(1000)


async def main():
    seen = {name: await code_after(lose, name) for name in ("websockets", "websockets-sansio")}
    print("lost:", seen, "closed with 1000:", await code_after(say_goodbye, "websockets-sansio"))
    assert seen["websockets-sansio"] == 1005, seen


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/lost.py"
