"""``kouyu serve --check``: what it finds before a start, and that it leaves everything as it is."""

import json
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main
from kouyu.server.process.certificates import local_certificate
from kouyu.server.process.data_folder import open_data_folder
from tests.engine_server.scripted import process
from tests.standins.background import in_background
from tests.standins.fixed_answers import FixedAnswers, fixed_answers


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUYU_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def endpoint() -> Iterator[FixedAnswers]:
    """Lists a model as Ollama does, and has one bot as Coze does."""
    answers = {
        "/v1/models": (200, '{"object": "list", "data": [{"id": "qwen3:8b"}, {"id": "gemma:latest"}]}'),
        "/locked/models": (401, "{}"),
        "/plain/models": (404, "no such page"),
        "/v1/bots/7": (200, '{"code": 0, "msg": "", "data": {"bot_id": "7", "name": "Tutor"}}'),
        "/v1/bots/8": (200, '{"code": 4200, "msg": "there is no bot 8"}'),
        "/flow": (405, "{}"),
    }
    with fixed_answers(answers) as served:
        yield served


def check(*options: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--check", "--port", "0", "--https-port", "0", *options])


def found(config: str, *options: str) -> dict[str, list[tuple[str, str]]]:
    """Verdict and text of all findings by subject."""
    Path("kouyu.toml").write_text(config)
    checked = check("--print-json", *options)
    assert checked.stderr == ""
    findings: dict[str, list[tuple[str, str]]] = {}
    for finding in json.loads(checked.stdout):
        findings.setdefault(finding["subject"], []).append((finding["verdict"], finding["text"]))
    wrong = [each for of_subject in findings.values() for each in of_subject if each[0] == "error"]
    assert checked.exit_code == (1 if wrong else 0)
    return findings


def bot(base_url: str, model: str, **settings: str) -> str:
    rest = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    return f'[[bots]]\nid = "tutor"\n[bots.model]\nbase_url = "{base_url}"\nmodel = "{model}"\n{rest}'


@pytest.mark.models
def test_a_first_start_with_the_defaults_finds_everything_and_writes_nothing(tmp_path: Path) -> None:
    checked = check()
    assert checked.exit_code == 0, checked.stdout
    assert "kouyu serve can start" in checked.stdout
    assert "weights here: silero-vad" in checked.stdout
    assert "the first start writes it" in checked.stdout
    assert "voices" in checked.stdout
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_to_be_fetched_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "no-weights"))
    findings = found("")
    ((_, has), (verdict, lacks)) = findings["engine vad"]
    assert has == "silero"
    assert verdict == "error"
    assert lacks.endswith("kouyu models fetch silero-vad")
    recommended = [verdict for verdict, text in findings["engine tts"] if "kokoro-voices" in text]
    assert recommended == ["warning"]


def test_wrong_settings_are_told_as_at_a_start() -> None:
    Path("kouyu.toml").write_text("[server]\nmax_sessions = 'many'\n")
    checked = check()
    assert checked.exit_code == 1
    assert "server.max_sessions: 'many' is not allowed" in checked.stderr


def test_a_model_that_its_endpoint_lists_is_good_also_without_ollamas_tag(endpoint: FixedAnswers) -> None:
    for model in ("qwen3:8b", "gemma"):
        ((verdict, text),) = found(bot(f"{endpoint.url}/v1", model, api_key="secret"))["bot tutor"]
        assert (verdict, text) == ("good", f"{model} at {endpoint.url}/v1")
    assert {(asked.method, asked.path, asked.token) for asked in endpoint.asked} == {("GET", "/v1/models", "secret")}


def test_what_is_wrong_with_an_endpoint_is_told(endpoint: FixedAnswers) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        dead = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
    cases = {
        bot(f"{endpoint.url}/v1", "qwen"): ("warning", "does not list the model 'qwen'; it has: qwen3:8b and 1 more"),
        bot(f"{endpoint.url}/locked", "m"): ("error", "refuses the key (HTTP 401)"),
        bot(f"{endpoint.url}/plain", "m"): ("good", "which answers and does not list its models"),
        bot(dead, "m"): ("error", "cannot be reached: ConnectError"),
        bot(dead, "m", api_key_env="NO_SUCH_KEY"): ("error", "the environment variable NO_SUCH_KEY"),
    }
    for config, (expected, said) in cases.items():
        ((verdict, text),) = found(config)["bot tutor"]
        assert verdict == expected, text
        assert said in text


def test_a_bot_on_a_coze_server_is_asked_for(endpoint: FixedAnswers) -> None:
    for bot_id, expected in {"7": "good", "8": "error"}.items():
        model = f'kind = "coze"\nbase_url = "{endpoint.url}"\napi_key = "pat"\nbot_id = "{bot_id}"'
        ((verdict, text),) = found(f'[[bots]]\nid = "tutor"\n[bots.model]\n{model}\n')["bot tutor"]
        assert verdict == expected, text


@pytest.mark.models
def test_a_prompt_that_is_not_well_formed_and_a_voice_that_is_not_there_are_told() -> None:
    findings = found('[[bots]]\nid = "tutor"\nprompt = "{{ name"\n\n[[bots]]\nid = "other"\nvoice_id = "herat"\n')
    assert findings["bot tutor"][0][0] == "error"
    assert "line 1" in findings["bot tutor"][0][1]
    (told,) = [text for verdict, text in findings["bot other"] if verdict == "error"]
    assert told.startswith("there is no voice 'herat'; there are: ")
    assert "-heart" in told


def test_voices_none_of_which_speaks_english_are_a_warning(endpoint: FixedAnswers) -> None:
    options = f'base_url = "{endpoint.url}/v1"\nmodel = "gemma"\nvoices = [{{ name = "yun", languages = ["zh"] }}]'
    findings = found(f'[engines]\ntts = ["openai"]\n[engines.openai_tts]\n{options}\n')
    assert findings["engine tts"] == [("good", "openai"), ("good", f"gemma at {endpoint.url}/v1")]
    (told,) = [text for verdict, text in findings["voices"] if verdict == "warning"]
    assert told.startswith("none speaks English")


def test_flows_and_programs_of_tools_are_looked_for_and_not_run(endpoint: FixedAnswers) -> None:
    Path("my_flows.py").write_text(
        "raise SystemExit('this was imported')\nasync def good(request):\n    yield ''\ndef plain(request): ...\n"
    )
    flows = {
        "a": 'callable = "my_flows:good"',
        "b": 'callable = "my_flows:plain"',
        "c": 'callable = "my_flows:none"',
        "d": 'callable = "no_such_module:f"',
        "e": f'url = "{endpoint.url}/flow"',
        "f": 'url = "http://127.0.0.1:9/flow"',
    }
    servers = {"here": sys.executable, "gone": "no-such-program"}
    config = "".join(f'[[flows]]\nid = "{name}"\n{how}\n' for name, how in flows.items())
    config += "".join(f'[[mcp_servers]]\nname = "{name}"\ncommand = "{how}"\n' for name, how in servers.items())
    findings = found(config)
    verdicts = {name: findings[f"flow {name}"][0][0] for name in flows}
    assert verdicts == {"a": "good", "b": "error", "c": "warning", "d": "error", "e": "good", "f": "error"}
    assert [findings[f"MCP server {name}"][0][0] for name in servers] == ["good", "error"]
    assert [asked.method for asked in endpoint.asked] == ["HEAD"]


def test_ports_that_another_program_has_are_errors() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ((verdict, text), _) = found("", "--port", str(port))["port"]
    assert verdict == "error"
    assert text.startswith(f"127.0.0.1:{port}: another program listens there already. Take another port with --port")


def test_a_server_that_runs_on_this_data_folder_is_named_and_no_error() -> None:
    with (
        open_data_folder(Path("data")) as folder,
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
    ):
        port = taken.getsockname()[1]
        (folder.path / "address.json").write_text(json.dumps({"http": f"http://127.0.0.1:{port}"}))
        findings = found("", "--port", str(port))
    assert findings["port"][0][0] == "warning"
    assert findings["data folder"][0][0] == "warning"
    assert "stop it first" in findings["data folder"][0][1]


@pytest.mark.parametrize(
    ("version", "verdict", "said"),
    [(999, "error", "needs kouyu 9.1.0 or newer"), (1, "warning", "the start migrates it")],
)
def test_a_database_of_another_kouyu_is_told_and_left_as_it_is(version: int, verdict: str, said: str) -> None:
    Path("data").mkdir()
    file = Path("data/kouyu.db")
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            "CREATE TABLE schema_version (version INTEGER NOT NULL, release TEXT NOT NULL);"
            f"INSERT INTO schema_version VALUES ({version}, '9.1.0');"
        )
    before = file.read_bytes()
    ((found_verdict, text),) = found("")["database"]
    assert (found_verdict, said in text) == (verdict, True), text
    assert file.read_bytes() == before
    assert [path.name for path in Path("data").iterdir()] == ["kouyu.db"]


def test_a_certificate_is_read() -> None:
    made = local_certificate(Path("tls"), ())
    server = f'[server]\ncertificate = "{made.certificate}"\ncertificate_key = '
    assert found(f'{server}"{made.key}"\n')["certificate"][0][0] == "good"
    assert found(f'{server}"{made.authority}"\n')["certificate"][0][0] == "error"
    ((verdict, text),) = found("[server]\ncertificate_key_type = 'rsa'\n")["certificate"]
    assert (verdict, text.partition(",")[0]) == ("good", "RSA")


def test_of_remote_engines_each_address_is_asked_what_it_serves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    with in_background(lambda: process(token="a secret")) as there:
        urls = [there.url, nowhere]
        config = f'[engines]\nasr = "remote"\n[engines.remote]\nurls = {urls}\ntoken = '

        def of_recognition(rest: str) -> list[tuple[str, str]]:
            findings = found(config + rest)["engine asr"]
            return [(verdict, text) for verdict, text in findings if "http" in text]

        right = of_recognition('"a secret"\n')
        assert right[0] == ("good", f"{there.url} serves it")
        assert right[1] == ("warning", f"{nowhere} does not answer; to start engines there: kouyu engines")
        wrong = of_recognition('"another"\n')
        assert wrong[0] == ("error", f"engines.remote: {there.url} refuses the token")
        assert wrong[1][0] == "error"


def test_a_server_with_remote_engines_needs_their_addresses_and_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "none"))
    Path("kouyu.toml").write_text('[engines]\nasr = "remote"\n')
    assert "'remote' is chosen: needs urls, the addresses of processes of: kouyu engines" in check().stderr
    remote = '[engines]\nasr = "remote"\ntts = ["remote"]\nturn = "remote"\nvoiceprint = "remote"\n[engines.remote]\n'
    address = 'urls = ["http://127.0.0.1:9"]\n'
    endpoint = bot("http://127.0.0.1:9/v1", "any")

    def lacking(config: str) -> set[str]:
        texts = [text for findings in found(config).values() for _, text in findings if "not on this machine" in text]
        return {text.split()[2] for text in texts}

    assert lacking(remote + address + endpoint) == {"silero-vad"}
    assert lacking(remote + address + "fallback = true\n" + endpoint) > {"silero-vad", "whisper-base", "campplus"}
