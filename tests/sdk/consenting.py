"""A user who lets apps in: does what the consent page does."""

import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.end_to_end.running_server import RunningServer


class Administrator:
    """The user of the page, signed in by `kouyu token link`."""

    def __init__(self, server: RunningServer) -> None:
        command = [sys.executable, "-m", "kouyu", "token", "link", "--data-dir", str(server.folder / "data")]
        link = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        self._http = httpx.Client(base_url=server.http, trust_env=False)
        answer = self._http.post("/v1/kouyu/login", json={"login": link.strip().partition("#login=")[2]})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"

    def code_for(self, link: str) -> str:
        """The authorization code that the app gets once it is let in by its link."""
        asked = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
        page = self._http.get("/api/permission/oauth2/authorize", params=asked)
        assert page.status_code == 200, page.text
        answer = self._http.post("/v1/kouyu/sign_ins", json={**asked, "allow": True}).json()
        redirect_to = str(answer["data"]["redirect_to"])
        return parse_qs(urlsplit(redirect_to).query)["code"][0]

    def let_in(self, said: str) -> None:
        """Let the device in that has said its user code."""
        found = re.search(r"\b[BCDFGHJKLMNPQRSTVWXZ]{8}\b", said)
        assert found, said
        answer = self._http.post(f"/v1/kouyu/sign_ins/{found[0]}", json={"allow": True})
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        """End the connections."""
        self._http.close()
