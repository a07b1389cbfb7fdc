"""coze-py's own examples, unmodified, against a server whose model says the question back.

They are no part of this repository: KOUYU_COZEPY_EXAMPLES is the folder ``examples`` of a checkout of coze-py. Literal
placeholders in them, which every user must fill in, are filled in here (``fills``).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cozepy import PKCEOAuthApp, WebOAuthApp

from tests.end_to_end.running_server import RunningServer
from tests.sdk.consenting import Administrator
from tests.sdk.sdk_examples import DEADLINE_S, REDIRECT_URI, Prepared, prepare

FOLDER = os.environ.get("KOUYU_COZEPY_EXAMPLES", "")

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not FOLDER, reason="KOUYU_COZEPY_EXAMPLES is not set to the folder of coze-py's examples"),
]


@dataclass(frozen=True)
class Example:
    """How an example is run, and what it must say."""

    says: str
    arguments: tuple[str, ...] = ()
    """``picture`` and ``speech`` stand for files."""
    environment: tuple[tuple[str, str], ...] = ()
    """Further variables; a value that begins with ``$`` is that of another one."""
    fills: tuple[tuple[str, str], ...] = ()


def made_bot(says: str, *arguments: str) -> Example:
    return Example(says, arguments, (("COZE_BOT_ID", "$COZE_MADE_BOT_ID"),))


EXAMPLES = {
    "apps_list": Example("orders"),
    "audio": Example("Create speech"),
    "audio_voiceprint_groups_create": Example('"id"'),
    "audio_voiceprint_groups_list": Example("guests"),
    "audio_voiceprint_groups_update": Example("logid"),
    "audio_voiceprint_groups_features_create": Example('"id"'),
    "audio_voiceprint_groups_features_list": Example("ada"),
    "audio_voiceprint_groups_features_update": Example("logid"),
    "audio_voiceprint_groups_speaker_identify": Example("score"),
    "audio_voiceprint_groups_features_delete": Example("logid"),
    "audio_voiceprint_groups_delete": Example("logid"),
    "auth_oauth_jwt": Example("Workspace"),
    "auth_pat": Example(""),
    "bot_retrieve": Example("Echo"),
    "bot_publish": Example("", ("picture",)),
    "bot_update": made_bot("logid"),
    "bots_list": Example("echo"),
    "bot_unpublish": made_bot(""),
    "chat_conversation_stream": Example("translate: "),
    "chat_multimode_stream": Example("What text is on the picture?", ("picture",)),
    "chat_no_stream": Example("token usage"),
    "chat_simple_audio": Example("", ("speech",)),
    "chat_stream": Example("token usage"),
    "conversation": Example(""),
    "conversation_create": Example(""),
    "conversation_list": Example(""),
    "conversation_update": Example(""),
    "conversation_delete": Example("成功删除会话"),
    "files_upload": Example("", ("picture",)),
    "timeout": Example(""),
    "users_me": Example("default"),
    "variable_update": Example(""),
    "variable_retrieve": Example(""),
    "websockets_audio_speech": Example(""),
    "websockets_audio_transcriptions": Example("今天天气"),
    "websockets_chat": Example("Received", environment=(("COZE_TEXT", "Tell me a story"),)),
    "workflow_async": Example("Workflow run success"),
    "workflow_chat_multimode_stream": Example("token usage", ("picture",)),
    "workflow_chat_stream": Example("token usage"),
    "workflow_execute_node": Example("node_execute_history"),
    "workflow_no_stream": Example("You asked", fills=(('"workflow id"', '"orders"'),)),
    "workflow_retrieve": Example("orders"),
    "workflow_run_history": Example("Success"),
    "workflow_stream": Example("You asked"),
    "workflow_version_list": Example(""),
    "workspaces_list": Example("kouyu"),
}


@pytest.fixture(scope="module")
def prepared(sdk_server: RunningServer, tmp_path_factory: pytest.TempPathFactory, questions: Path) -> Prepared:
    return prepare(sdk_server, tmp_path_factory.mktemp("examples"), questions)


@pytest.fixture(scope="module")
def administrator(sdk_server: RunningServer) -> Iterator[Administrator]:
    user = Administrator(sdk_server)
    yield user
    user.close()


def start(prepared: Prepared, name: str, example: Example, folder: Path) -> subprocess.Popen[str]:
    """Run an example where it lies; one with placeholders in a copy that has them filled in."""
    script = Path(FOLDER) / f"{name}.py"
    if example.fills:
        text = script.read_text(encoding="utf-8")
        for placeholder, value in example.fills:
            assert placeholder in text
            text = text.replace(placeholder, value)
        script = folder / script.name
        script.write_text(text, encoding="utf-8")
    files = {"picture": str(prepared.picture), "speech": str(prepared.speech)}
    known = prepared.environment | {"HOME": str(folder)}
    (folder / "Downloads").mkdir()
    given = {key: known[value[1:]] if value.startswith("$") else value for key, value in example.environment}
    return subprocess.Popen(
        [sys.executable, str(script), *(files.get(each, each) for each in example.arguments)],
        cwd=folder,
        env={**os.environ, **known, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(program: subprocess.Popen[str], already: str = "") -> str:
    """All that it says; it must end well."""
    try:
        said, _ = program.communicate(timeout=DEADLINE_S)
    finally:
        program.kill()
    assert program.returncode == 0, already + said
    return already + said


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(prepared: Prepared, tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    with start(prepared, name, example, tmp_path) as program:
        assert example.says in end(program)


@pytest.mark.parametrize(
    ("name", "changes"),
    [("auth_oauth_device", ()), ("users_me", (("COZE_API_TOKEN", ""),))],
    ids=["device", "no token"],
)
def test_a_device_waits_for_its_user(
    prepared: Prepared, administrator: Administrator, tmp_path: Path, name: str, changes: tuple[tuple[str, str], ...]
) -> None:
    with start(prepared, name, Example("", environment=changes), tmp_path) as program:
        assert program.stdout is not None
        line = next(line for line in program.stdout if "url" in line or "Open" in line)
        administrator.let_in(line)
        end(program, line)


def test_pkce_and_web_with_the_code_of_a_user_who_consented(
    prepared: Prepared, administrator: Administrator, tmp_path: Path
) -> None:
    base_url = prepared.server.https
    pkce = PKCEOAuthApp(prepared.of_app("COZE_PKCE_OAUTH_CLIENT_ID"), base_url)
    link = pkce.get_oauth_url(REDIRECT_URI, "random code verifier", code_challenge_method="S256")
    web = WebOAuthApp(prepared.of_app("COZE_WEB_OAUTH_CLIENT_ID"), "", base_url)
    for name, asks in (("auth_oauth_pkce", link), ("auth_oauth_web", web.get_oauth_url(REDIRECT_URI))):
        code = administrator.code_for(asks)
        with start(prepared, name, Example("", fills=(("mock code", code),)), tmp_path) as program:
            end(program)
