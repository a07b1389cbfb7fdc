"""What the examples of Coze's SDKs need besides an address and a token: apps, a bot, voiceprints, a run of a flow.

The examples are no part of this repository. Environment variables name the folders where they are checked out.
"""

import ssl
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

from cozepy import Coze, SyncHTTPClient, TokenAuth

from tests.end_to_end.running_server import RunningServer

BUILT_IN_DEVICE_APP = "57294420732781205987760324720643.app.coze"
"""The client id that coze-py's examples fall back to when they are given no token."""
REDIRECT_URI = "http://localhost:3000"
KEY_ID = "example-key"
DEADLINE_S = 120


@dataclass(frozen=True)
class Prepared:
    """A server with what the examples ask for."""

    server: RunningServer
    environment: dict[str, str]
    """Under the names by which coze-py's and coze-go's examples read it."""
    private_key: Path
    picture: Path
    speech: Path

    def of_app(self, name: str) -> str:
        """The client id of an app."""
        return self.environment[name]


def prepare(server: RunningServer, folder: Path, questions: Path, prefix: str = "") -> Prepared:
    """Make everything on the server. ``questions`` is the folder of the spoken questions; ``prefix`` begins the names
    of the apps."""
    speech = folder / "speech.wav"
    _join([questions / f"en-{name}.wav" for name in ("story", "sky", "help")], speech)
    picture = folder / "picture.png"
    picture.write_bytes((Path(__file__).parents[2] / "docs" / "screenshots" / "tool.png").read_bytes())
    key = folder / "private_key.pem"
    service = register(server, f"{prefix}robot", "service", "--private-key", str(key), "--key-id", KEY_ID)
    web = register(server, f"{prefix}site", "web", "--redirect-uri", REDIRECT_URI)
    page = register(server, f"{prefix}page", "pkce", "--redirect-uri", REDIRECT_URI)
    made = {
        "COZE_JWT_OAUTH_CLIENT_ID": service["client id"],
        "COZE_JWT_OAUTH_PRIVATE_KEY_FILE_PATH": str(key),
        "COZE_JWT_OAUTH_PUBLIC_KEY_ID": KEY_ID,
        "COZE_WEB_OAUTH_CLIENT_ID": web["client id"],
        "COZE_WEB_OAUTH_CLIENT_SECRET": web["client secret"],
        "COZE_WEB_OAUTH_REDIRECT_URI": REDIRECT_URI,
        "COZE_PKCE_OAUTH_CLIENT_ID": page["client id"],
        "COZE_DEVICE_OAUTH_CLIENT_ID": register(server, f"{prefix}tv", "device")["client id"],
        **_made_over_rest(server, speech),
    }
    if not prefix:
        register(server, "examples", "device", "--client-id", BUILT_IN_DEVICE_APP)
    known = {
        "COZE_API_BASE": server.https,
        "COZE_API_TOKEN": server.token,
        "COZE_WORKSPACE_ID": "1",
        "COZE_WORKFLOW_ID": "orders",
        "COZE_USER_ID": "",
        "COZE_LOG": "info",
        "SSL_CERT_FILE": server.ca,
        "PYTHONUNBUFFERED": "1",
    }
    return Prepared(server, {**known, **made}, key, picture, speech)


def register(server: RunningServer, name: str, kind: str, *options: str) -> dict[str, str]:
    """What `kouyu app create` says, by name."""
    command = [sys.executable, "-m", "kouyu", "app", "create", name, "--kind", kind, *options]
    folder = ["--data-dir", str(server.folder / "data")]
    said = subprocess.run([*command, *folder], capture_output=True, text=True, check=True, timeout=DEADLINE_S).stdout
    lines = (line.strip().partition(": ") for line in said.splitlines()[1:])
    return {key: value.partition("   (")[0] for key, _, value in lines}


def _join(recordings: list[Path], joined: Path) -> None:
    """Write recordings of one format one after the other: a speaker needs 2 s of speech."""
    with wave.open(str(joined), "wb") as out:
        for number, path in enumerate(recordings):
            with wave.open(str(path)) as recording:
                if number == 0:
                    out.setparams(recording.getparams())
                out.writeframes(recording.readframes(recording.getnframes()))


def _made_over_rest(server: RunningServer, speech: Path) -> dict[str, str]:
    with SyncHTTPClient(verify=ssl.create_default_context(cafile=server.ca)) as http:
        coze = Coze(TokenAuth(server.token), base_url=server.https, http_client=http)
        bot = coze.bots.create(space_id="1", name="Made")
        coze.bots.publish(bot_id=bot.bot_id)
        group = coze.audio.voiceprint_groups.create(name="guests")
        with speech.open("rb") as file:
            feature = coze.audio.voiceprint_groups.features.create(group_id=group.id, name="ada", file=file)
        return {
            "COZE_BOT_ID": "echo",
            "COZE_MADE_BOT_ID": bot.bot_id,
            "COZE_CONVERSATION_ID": coze.conversations.create(bot_id="echo").id,
            "COZE_EXECUTE_ID": coze.workflows.runs.create(workflow_id="orders", is_async=True).execute_id or "",
            "COZE_VOICEPRINT_GROUP_ID": group.id,
            "COZE_VOICEPRINT_GROUP_NAME": "guests",
            "COZE_VOICEPRINT_GROUP_DESC": "who comes in",
            "COZE_VOICEPRINT_GROUP_FEATURE_ID": feature.id,
            "COZE_VOICEPRINT_GROUP_FEATURE_NAME": "ada",
            "COZE_VOICEPRINT_GROUP_FEATURE_FILE": str(speech),
        }
