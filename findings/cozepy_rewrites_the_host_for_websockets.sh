#!/bin/sh
# Which host cozepy dials for WebSockets.
#
# Expected: the client's base_url names the server, for REST and WebSockets alike; only the scheme differs.
# Seen with cozepy 0.20.0: the WebSocket URL is made of base_url by replacing text wherever it stands: "api-" by "ws-", and where
# there is none "api." by "ws.". Chats over REST go to chat-api.example.com, those over WebSockets to chat-ws.example.com, which
# need not exist; "rapi.example.com" becomes "rws.example.com", and a path such as /api.v2 changes too. A base_url with http://,
# good enough for REST, raises ValueError as soon as `websockets` is touched. No option names a WebSocket URL by itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "cozepy==0.20.0"
cat >"$folder/hosts.py" <<'PYTHON'
from cozepy import Coze, TokenAuth


def dialled(base_url):
    coze = Coze(auth=TokenAuth("token"), base_url=base_url)
    try:
        return coze.websockets._base_url
    except ValueError as error:
        return str(error)


expected = {
    "https://voice.example.com": "wss://voice.example.com",
    "https://chat-api.example.com": "wss://chat-ws.example.com",
    "https://chat-api-2.example.com": "wss://chat-ws-2.example.com",
    "https://rapi.example.com": "wss://rws.example.com",
    "https://example.com/api.v2": "wss://example.com/ws.v2",
    "http://127.0.0.1:8080": "base_url must start with 'https://'",
}
seen = {base_url: dialled(base_url) for base_url in expected}
for base_url, url in seen.items():
    print(base_url, "->", url)
assert seen == expected, seen
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/hosts.py"
