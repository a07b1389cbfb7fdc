"""What settings come to, and what a person is told when they are wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kouyu.settings import Settings, SettingsError, load
from kouyu.settings.loading import load_data_dir

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(text: str) -> Path:
        path = tmp_path / "kouyu.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return writer


def problems(path: Path | None, **named: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, **named)  # type: ignore[arg-type]
    return str(caught.value)


def test_no_file_gives_the_defaults() -> None:
    assert load() == Settings()


def test_the_file_the_environment_and_the_options_override_each_other_in_this_order(write: Write) -> None:
    path = write("[server]\nport = 1\nhttps_port = 1\nmax_sessions = 1\n")
    environment = {"KOUYU_SERVER__HTTPS_PORT": "2", "KOUYU_SERVER__MAX_SESSIONS": "2"}
    options: dict[tuple[str, ...], tuple[str, Any]] = {("server", "max_sessions"): ("--max-sessions", 3)}
    server = load(path, environment=environment, options=options).server
    assert (server.port, server.https_port, server.max_sessions) == (1, 2, 3)


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("KOUYU_SERVER__HOST", "0.0.0.0", lambda s: s.server.host == "0.0.0.0"),
        ("KOUYU_DATA__DIR", "123", lambda s: s.data.dir == "123"),
        ("KOUYU_ENGINES__TTS", '["piper"]', lambda s: s.engines.tts == ("piper",)),
        ("KOUYU_ENGINES__WHISPER__THREADS", "2", lambda s: not s.engines.options),
        ("KOUYU_ENGINES__WHISPER__THREADS", "1", lambda s: s.engines.options["whisper"].threads == 1),
        (
            "KOUYU_ENGINES__WHISPER__WEIGHTS",
            "whisper-tiny-en",
            lambda s: "tiny" in s.engines.options["whisper"].weights,
        ),
        ("KOUYU_LIMITS__SPECULATION", "false", lambda s: s.limits.speculation is False),
        ("KOUYU_SERVER__PING_TIMEOUT_S", "5", lambda s: s.server.ping_timeout_s == 5.0),
    ],
)
def test_the_environment_is_read_as_the_key_wants_it(
    variable: str, text: str, read: Callable[[Settings], bool]
) -> None:
    assert read(load(environment={variable: text}))


@pytest.mark.parametrize("variable", ["KOUYU_WEIGHTS", "KOUYU_DATA_DIR", "HOME", "XKOUYU_SERVER__PORT"])
def test_other_variables_are_no_settings(variable: str) -> None:
    assert load(environment={variable: "anything"}) == Settings()


def test_bots_are_read_with_their_models(write: Write) -> None:
    path = write(
        '[[bots]]\nid = "a"\n[bots.model]\nbase_url = "http://127.0.0.1:1/v1"\n'
        'model = "m"\n[[bots]]\nid = "b"\nvoice_id = "v"\n'
    )
    bots = load(path).bots
    assert [bot.id for bot in bots] == ["a", "b"]
    assert bots[0].model.base_url == "http://127.0.0.1:1/v1"
    assert bots[1].voice_id == "v"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nport = 70000", "server.port: 70000 is not allowed; allowed: a whole number from 0 to 65535"),
        ('[server]\nport = "80"', "server.port: '80' is not allowed"),
        ("[server]\nprot = 80", "server.prot: unknown key; did you mean 'port'?"),
        ("[sever]\nport = 80", "sever: unknown key; did you mean 'server'?"),
        ("[server]\nzzz = 1", "server.zzz: unknown key; known here: host, port,"),
        ("server = 3", "server: 3 is not allowed; allowed: a table with the keys host,"),
        ("[engines]\ntts = []", "engines.tts: [] is not allowed; allowed: a list"),
        ('[engines.whisper]\nweights = "big"', "allowed: one of 'whisper-base', 'whisper-small', 'whisper-tiny-en'"),
        ("[limits]\nreply_start_s = true", "limits.reply_start_s: True is not allowed; allowed: a number"),
        ("[[bots]]\nname = 'x'", "bots[0].id: is missing"),
        ('[engines.openai_asr]\nbase_url = "host:80/v1"', "engines.openai_asr: base_url: 'host:80/v1' is not allowed"),
        ('[engines.openai_tts]\nbase_url = "/v1"', "an http:// or https:// address"),
        ('[[bots]]\nid = "kouyu"\n[bots.model]\nbase_url = "ftp://x"\nmodel="m"', "an http:// or https:// address"),
        ('[[bots]]\nid = "kouyu"\n[[bots]]\nid = "kouyu"', "the id 'kouyu' is used more than once"),
        ('[server]\ndefault_bot = "x"', "server.default_bot: 'x' is not allowed; allowed: the id of a bot: kouyu"),
        ('[server]\ncertificate = "a.pem"', "certificate and certificate_key belong together"),
        ("bots = []", "bots: there is none"),
        ("[server\n", "is not valid TOML"),
    ],
)
def test_an_error_names_file_key_value_and_what_is_allowed(write: Write, text: str, said: str) -> None:
    path = write(text)
    message = problems(path)
    assert message.startswith(f"{path}: ")
    assert said in message


def test_all_problems_are_reported_at_once(write: Write) -> None:
    message = problems(write("[server]\nport = -1\nhots = 'x'\n[limits]\nspeculation = 3\n"))
    assert len(message.splitlines()) == 3


def test_a_wrong_variable_is_named_as_such() -> None:
    environment = {"KOUYU_SERVER__PORT": "many", "KOUYU_SERVER__PROT": "1"}
    message = problems(None, environment=environment)
    assert "environment variable KOUYU_SERVER__PORT: 'many' is not allowed" in message
    assert "environment variable KOUYU_SERVER__PROT: unknown key; did you mean 'port'?" in message


def test_a_wrong_option_is_named_as_such() -> None:
    assert "option --port: 70000 is not allowed" in problems(None, options={("server", "port"): ("--port", 70000)})


def test_an_api_key_is_not_shown(write: Write) -> None:
    message = problems(write('[[bots]]\nid = "kouyu"\n[bots.model]\napi_key = ["sk-secret"]\n'))
    assert "bots[0].model.api_key: this value is not allowed" in message
    assert "secret" not in message


def test_a_file_may_begin_with_the_mark_that_some_editors_write(write: Write) -> None:
    assert load(write("\ufeff[server]\nport = 9000\n")).server.port == 9000


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert "there is no such settings file" in problems(tmp_path / "kouyu.toml")


def test_the_old_name_of_a_setting_is_read_and_said_to_be_deprecated(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load(write("[limits]\npartial_interval_ms = 200"))
    assert settings.limits.interim_interval_ms == 200
    assert (
        "limits.partial_interval_ms: this name is deprecated; the setting is called interim_interval_ms" in caplog.text
    )
    by_variable = load(environment={"KOUYU_LIMITS__PARTIAL_INTERVAL_MS": "100"})
    assert by_variable.limits.interim_interval_ms == 100
    assert "KOUYU_LIMITS__PARTIAL_INTERVAL_MS: this name is deprecated" in caplog.text


def test_of_an_old_and_a_new_name_the_new_one_counts(write: Write) -> None:
    both = write("[limits]\npartial_interval_ms = 200\ninterim_interval_ms = 300")
    assert load(both).limits.interim_interval_ms == 300


def test_a_client_reads_the_data_folder_alone(write: Write) -> None:
    path = write('[data]\ndir = "mine"\n\n[engines.embedded]\ntier = "no tier"\n')
    assert load_data_dir(path, {}) == "mine"
    assert load_data_dir(path, {"KOUYU_DATA__DIR": "other"}) == "other"
    assert load_data_dir(None, {}) == ""


def test_a_client_is_told_of_a_data_folder_that_is_none(write: Write) -> None:
    with pytest.raises(SettingsError, match=r"kouyu\.toml: data\.dir: 5 is not allowed; allowed: text"):
        load_data_dir(write("[data]\ndir = 5\n"), {})
