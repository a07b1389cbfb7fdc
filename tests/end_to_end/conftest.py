import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.running_server import START_S, RunningServer, running_server
from tests.standins import mcp_server
from tests.standins.background import in_background
from tests.standins.coze_server import TOKEN, CozeStandIn, coze_stand_in
from tests.standins.openai_server import OpenAIStandIn

FLOWS = """
async def orders(request):
    shop, name = request.parameters["shop"], request.parameters["CONVERSATION_NAME"]
    yield f"You asked {request.user_input} in the {shop} shop. "
    yield f"This is {name}, for {request.user_id}, {request.parameters['_voice_emotion']}."


async def broken(request):
    raise ValueError("no")
"""


@dataclass
class AnsweringServer:
    """A server with all kinds of those who answer, and what stands behind them."""

    server: RunningServer
    language_model: OpenAIStandIn
    coze: CozeStandIn
    tool_log: Path

    def tools_called(self) -> list[str]:
        """The tools on the server that have been called so far."""
        return self.tool_log.read_text().split() if self.tool_log.exists() else []


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn) -> Iterator[AnsweringServer]:
    """Bots with tools of the client's and of the server's, one on a Coze server, one that sees, and two flows."""
    folder = tmp_path_factory.mktemp("answering")
    (folder / "my_flows.py").write_text(FLOWS)
    model = f'''[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"'''
    with in_background(coze_stand_in) as coze:
        config = f"""
[engines]
tts = ["hibari"]

[limits]
stopped_sending_grace_ms = 60000  # a turn ends when its test has sent enough silence
tool_outputs_s = 2.0
reply_stall_s = 5.0

[fetching]
allow_private = true

[[bots]]
id = "tools"
mcp_servers = ["tools"]
{model}
[[bots.tools]]
type = "function"
[bots.tools.function]
name = "weather"
[bots.tools.function.parameters]
type = "object"

[[bots]]
id = "seeing"
{model}
images = true

[[bots]]
id = "coze"
[bots.model]
kind = "coze"
base_url = "{coze.base_url}"
api_key = "{TOKEN}"
bot_id = "7"

[[mcp_servers]]
name = "tools"
command = "{sys.executable}"
args = ["{Path(mcp_server.__file__)}"]
start_timeout_s = {START_S}
env = {{ MCP_LOG = "{folder / "tool_log"}" }}

[[flows]]
id = "orders"
callable = "my_flows:orders"
parameters = {{ shop = "north" }}

[[flows]]
id = "broken"
callable = "my_flows:broken"
"""
        with running_server(folder, config=config) as started:
            yield AnsweringServer(started, language_model, coze, folder / "tool_log")


@pytest.fixture
def trust(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server tells its user to export, so that Python trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", server.ca)
