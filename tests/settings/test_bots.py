"""Bots, MCP servers and flows in the settings file."""

from pathlib import Path

import pytest

from kouyu.settings import SettingsError, load
from kouyu.settings.all_settings import anchored

SERVER = '[[mcp_servers]]\nname = "tools"\ncommand = "mcp-tools"\n'


def loading(tmp_path: Path, text: str) -> str:
    """What is wrong with a settings file."""
    path = tmp_path / "kouyu.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as refused:
        load(path)
    return str(refused.value)


def test_a_bot_names_the_servers_whose_tools_it_has(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    path.write_text('[[bots]]\nid = "a"\nmcp_servers = ["tools"]\n' + SERVER)
    settings = load(path)
    assert settings.bots[0].mcp_servers == ("tools",)
    assert settings.mcp_servers[0].command == "mcp-tools"


def test_an_unknown_mcp_server_is_reported_with_the_known_ones(tmp_path: Path) -> None:
    told = loading(tmp_path, '[[bots]]\nid = "a"\nmcp_servers = ["tool"]\n' + SERVER)
    assert "'tool' is not allowed; allowed: the name of an MCP server: tools" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[mcp_servers]]\nname = "a"\n', "command or url"),
        ('[[mcp_servers]]\nname = "a"\ncommand = "a"\nurl = "http://a"\n', "command or url"),
        (SERVER + SERVER, "'tools' is used more than once"),
        ('[[bots]]\nid = "a"\n[[bots]]\nid = "b"\naliases = ["a"]\n', "bots: the id 'a' is used more than once"),
        ('[[flows]]\nid = "a"\n', "callable or url"),
        ('[[flows]]\nid = "a"\nurl = "a"\n', "http:// or https://"),
        ('[[flows]]\nid = "a"\ncallable = "a"\n', "package.module:function"),
        ('[[bots]]\nid = "a"\n[bots.model]\nkind = "coze"\nbase_url = "http://a"\n', "bot_id"),
    ],
)
def test_what_cannot_work_is_refused(text: str, told: str, tmp_path: Path) -> None:
    assert told in loading(tmp_path, text)


def test_a_flows_folder_starts_from_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    path.write_text('[[flows]]\nid = "a"\ncallable = "flows:a"\n')
    (flow,) = anchored(load(path), tmp_path).flows
    assert Path(flow.folder).resolve() == tmp_path.resolve()


def test_a_model_file_is_found_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.toml"
    path.write_text('[engines.embedded]\nmodel = "models/own.gguf"\n')
    options = anchored(load(path), tmp_path).engines.options["embedded"]
    assert options.model == str(tmp_path / "models" / "own.gguf")
