"""The consent pages in Chromium: a user signs in by a link, lets a device in, and then an app."""

import os
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cozepy import PKCEOAuthApp

from tests.end_to_end.running_server import RunningServer
from tests.sdk.node_project import FOLDER, find_node
from tests.sdk.sdk_examples import DEADLINE_S, REDIRECT_URI, register

pytestmark = pytest.mark.models
TOKEN = "/api/permission/oauth2/token"


def test_a_user_lets_a_device_and_an_app_in(sdk_server: RunningServer, chromium: str) -> None:
    device = register(sdk_server, "shown-tv", "device")["client id"]
    app = register(sdk_server, "shown-page", "pkce", "--redirect-uri", REDIRECT_URI, "--owner", "shop")["client id"]
    with httpx.Client(base_url=sdk_server.http, trust_env=False) as http:
        codes = http.post("/api/permission/oauth2/device/code", json={"client_id": device}).json()
        command = [sys.executable, "-m", "kouyu", "token", "link", "--data-dir", str(sdk_server.folder / "data")]
        link = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE_S).stdout.strip()
        at = f"{codes['verification_uri']}?user_code={codes['user_code']}"
        asks = PKCEOAuthApp(app, sdk_server.http).get_oauth_url(REDIRECT_URI, "verifier", "S256", state="s1")
        browsed = subprocess.run(
            [find_node(), "consent.mjs", link, at, asks, REDIRECT_URI],
            cwd=FOLDER,
            env={**os.environ, "CHROMIUM": chromium},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert browsed.returncode == 0, browsed.stderr
        went_to = parse_qs(urlsplit(browsed.stdout.strip()).query)
        assert went_to["state"] == ["s1"]
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": codes["device_code"]}
        assert "access_token" in http.post(TOKEN, json={**grant, "client_id": device}).json()
        grant = {"grant_type": "authorization_code", "code": went_to["code"][0], "code_verifier": "verifier"}
        answer = http.post(TOKEN, json={**grant, "client_id": app, "redirect_uri": REDIRECT_URI})
        assert "access_token" in answer.json()
