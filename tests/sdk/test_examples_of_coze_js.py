"""coze-js's own examples for Node, unmodified, against a server whose model says the question back.

They are no part of this repository: KOUYU_COZE_JS_EXAMPLES is the folder ``examples/coze-js-node`` of a checkout of
coze-js. They are run in a copy, with what its README has every user add: ``src/config/config.ts`` and keys in ``tmp``.
A stand-in for `speaker` needs no sound card. The SDK is that of ``node/package.json``.
"""

import base64
import json
import os
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import pytest

from tests.end_to_end.running_server import RunningServer
from tests.sdk.consenting import Administrator
from tests.sdk.node_project import FOLDER as NODE_FOLDER
from tests.sdk.node_project import find_node
from tests.sdk.sdk_examples import DEADLINE_S, KEY_ID, REDIRECT_URI, Prepared, prepare

FOLDER = os.environ.get("KOUYU_COZE_JS_EXAMPLES", "")

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not FOLDER, reason="KOUYU_COZE_JS_EXAMPLES is not set to the folder examples/coze-js-node"),
]

EXAMPLES: Final = {
    "auth/auth-oauth-jwt": "give me a joke",
    "auth/auth-oauth-jwt-channel": "give me a joke",
    "auth/auth-pat": "",
    "bot": "",
    "chat": "",
    "chat-local-plugin": "",
    "chat-with-file": "",
    "conversation": "",
    "file": "",
    "request-options": "",
    "users-me": "default",
    "variables": "",
    "workflow": "Done",
    "workspace": "kouyu",
    "websockets/transcriptions": "",
}
"""What each must say."""
ASK_FOR_A_CODE: Final = ("auth/auth-oauth-pkce", "auth/auth-oauth-web")
_ERRORS: Final = ("APIError", "BadRequestError", "NotFoundError", "AuthenticationError", "PermissionDeniedError")
_STUB: Final = """
import { Writable } from 'node:stream';
export default class Speaker extends Writable { _write(chunk, encoding, done) { done(); } }
"""


class Project:
    """A copy of the examples, and what runs them."""

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        self._prepared = prepared
        self._node = find_node()
        self.folder = folder
        shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
        (folder / "src" / "config" / "config.ts").write_text(self._config(), encoding="utf-8")
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "speaker.mjs").write_text(_STUB)
        (folder / "node_modules").symlink_to(NODE_FOLDER / "node_modules")
        tmp = folder / "src" / "tmp"
        with wave.open(str(prepared.speech)) as speech:
            pcm = speech.readframes(speech.getnframes())
        for place in (folder / "tmp", tmp):
            place.mkdir(exist_ok=True)
            for name in ("private_key.pem", "private_key_channel.pem"):
                shutil.copy(prepared.private_key, place / name)
            shutil.copy(prepared.picture, place / "test.png")
            shutil.copy(prepared.picture, place / "test.docx")
            (place / "pcm.txt").write_text(base64.b64encode(pcm).decode())

    def start(self, name: str) -> subprocess.Popen[str]:
        """Run an example."""
        source = self.folder / "src" / f"{name}.ts"
        built = source.with_suffix(".built.mjs")
        command = [self._node, str(NODE_FOLDER / "node_modules" / "esbuild" / "bin" / "esbuild"), str(source)]
        options = ["--bundle", "--platform=node", "--format=esm", "--external:@coze/api", f"--outfile={built}"]
        stub = f"--alias:speaker={self.folder / 'speaker.mjs'}"
        subprocess.run([*command, *options, stub, "--log-level=error"], check=True, timeout=DEADLINE_S)
        return subprocess.Popen(
            [self._node, str(built)],
            cwd=self.folder,
            env={**os.environ, "COZE_ENV": "en", "NODE_EXTRA_CA_CERTS": self._prepared.server.ca},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _config(self) -> str:
        known, server = self._prepared.environment, self._prepared.server
        service = {
            "COZE_APP_ID": known["COZE_JWT_OAUTH_CLIENT_ID"],
            "COZE_KEY_ID": KEY_ID,
            "COZE_AUD": "127.0.0.1",
        }
        config = {
            "COZE_BOT_ID": "echo",
            "COZE_SPACE_ID": "1",
            "COZE_BASE_URL": server.http,
            "COZE_BASE_WS_URL": server.http.replace("http", "ws", 1),
            "COZE_WORKFLOW_ID": "orders",
            "DATASET_ID": "",
            "auth": {
                "pat": {"COZE_API_KEY": server.token},
                "oauth_web": {
                    "COZE_CLIENT_ID": known["COZE_WEB_OAUTH_CLIENT_ID"],
                    "COZE_CLIENT_SECRET": known["COZE_WEB_OAUTH_CLIENT_SECRET"],
                    "COZE_REDIRECT_URL": REDIRECT_URI,
                },
                "oauth_pkce": {
                    "COZE_CLIENT_ID": known["COZE_PKCE_OAUTH_CLIENT_ID"],
                    "COZE_REDIRECT_URL": REDIRECT_URI,
                },
                "oauth_jwt": service,
                "auth_jwt_channel": service,
                "oauth_device": {"COZE_CLIENT_ID": known["COZE_DEVICE_OAUTH_CLIENT_ID"]},
            },
        }
        return f"export default {json.dumps({'en': config, 'zh': config})};\n"


@pytest.fixture(scope="module")
def prepared(sdk_server: RunningServer, tmp_path_factory: pytest.TempPathFactory, questions: Path) -> Prepared:
    return prepare(sdk_server, tmp_path_factory.mktemp("prepared"), questions, prefix="js-")


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(prepared, tmp_path_factory.mktemp("coze-js-node"))


@pytest.fixture(scope="module")
def administrator(sdk_server: RunningServer) -> Iterator[Administrator]:
    user = Administrator(sdk_server)
    yield user
    user.close()


def end(program: subprocess.Popen[str], already: str = "", answer: str | None = None) -> str:
    """All that it says; it must end well, and its examples catch their errors and print them."""
    try:
        said, _ = program.communicate(answer, timeout=DEADLINE_S)
    finally:
        program.kill()
    whole = already + said
    assert program.returncode == 0, whole
    assert not [error for error in _ERRORS if error in whole], whole
    return whole


def said_until(output: IO[str] | None, words: str) -> str:
    """What is said up to the line with these words."""
    assert output is not None
    said = ""
    for line in output:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words}: {said}")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(project: Project, name: str) -> None:
    with project.start(name) as program:
        assert EXAMPLES[name] in end(program)


@pytest.mark.parametrize("name", ASK_FOR_A_CODE)
def test_a_user_consents_and_enters_the_code(project: Project, administrator: Administrator, name: str) -> None:
    with project.start(name) as program:
        said = said_until(program.stdout, "please open ")
        link = said.partition("please open ")[2].partition(" and authorize")[0]
        assert "give me a joke" in end(program, said, administrator.code_for(link) + "\n")


def test_a_device_waits_for_its_user(project: Project, administrator: Administrator) -> None:
    with project.start("auth/auth-oauth-device") as program:
        said = said_until(program.stdout, "input the code ")
        administrator.let_in(said.partition("input the code ")[2])
        assert "give me a joke" in end(program, said)
