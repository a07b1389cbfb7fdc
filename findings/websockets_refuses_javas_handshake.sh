#!/bin/sh
# What websockets makes of a handshake with `Content-Length: 0`, as Java's own client (java.net.http.WebSocket of JDK 17.0.15)
# sends it.
#
# Expected: it is taken. RFC 9110, 8.6 lets a GET say that it has no content, and Node's `ws` 8.18.0 takes the handshake.
# Seen with websockets 14.2: the mere presence of the header is "unsupported request body", and the server closes the
# connection without an answer: no program on java.net.http can connect.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "websockets==14.2"
(cd "$folder" && npm init --yes >/dev/null && npm install --silent ws@8.18.0)
cat >"$folder/server.mjs" <<'NODE'
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => console.log(server.address().port));
NODE
cat >"$folder/handshake.py" <<'PYTHON'
import asyncio
import os
import subprocess

from websockets.asyncio.server import serve

HANDSHAKE = (
    "GET / HTTP/1.1\r\nConnection: Upgrade\r\n{more}Host: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def status(port, more):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE.format(more=more).encode())
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return int(line.split()[1]) if line else None


async def main():
    seen = {}
    async with serve(lambda connection: connection.wait_closed(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        seen["websockets"] = [await status(port, more) for more in ("", "Content-Length: 0\r\n")]
    node = subprocess.Popen(["node", "server.mjs"], stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(__file__))
    try:
        port = int(node.stdout.readline())
        seen["ws"] = [await status(port, more) for more in ("", "Content-Length: 0\r\n")]
    finally:
        node.kill()
    print("without, and with Content-Length: 0:", seen)
    assert seen == {"websockets": [101, None], "ws": [101, 101]}, seen


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/handshake.py"
