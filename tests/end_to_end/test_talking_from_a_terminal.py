"""``kouyu talk`` with bots that have tools, and with flows."""

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.talk import talk
from tests.end_to_end.conftest import AnsweringServer
from tests.standins.openai_server import Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models


def run(answering: AnsweringServer, *arguments: str) -> Result:
    return CliRunner().invoke(talk, ["--data-dir", str(answering.server.folder / "data"), *arguments])


def test_tools_on_the_server_are_shown(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(ToolCallScript("add", '{"a": 2, "b": 3}')), Say("It is five."))
    done = run(answering, "--bot", "tools", "--text", "add")
    assert done.exit_code == 0, done.stderr
    lines = [line.split(maxsplit=2)[2] for line in done.stdout.splitlines()]
    shown = ['calls       add({"a": 2, "b": 3})', "result      The sum is 5.", "reply       It is five."]
    assert [line for line in lines if line in shown] == shown


def test_a_tool_that_the_client_has_to_run_is_shown_and_ends_the_talk(answering: AnsweringServer) -> None:
    answering.language_model.will(call_tools(ToolCallScript("weather", '{"city": "Lima"}')))
    done = run(answering, "--bot", "tools", "--text", "weather")
    assert done.exit_code == 1
    assert 'calls       weather({"city": "Lima"})' in done.stdout
    assert "waits       for the result of weather" in done.stdout
    assert "kouyu talk runs none" in done.stderr


def test_a_flow_answers(answering: AnsweringServer) -> None:
    done = run(answering, "--flow", "orders", "--text", "where it is")
    assert done.exit_code == 0, done.stderr
    assert "You asked where it is in the north shop." in done.stdout
