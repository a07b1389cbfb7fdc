"""``kouyu import-bot``: a bot of the cloud becomes one of the settings, and its token stays where it is."""

import json
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main
from kouyu.settings import load
from tests.standins.fixed_answers import Asked, FixedAnswers, fixed_answers

TOKEN = "pat_very_secret"
BOT = {
    "bot_id": "748",
    "name": "English Tutor",
    "description": "Teaches.",
    "icon_url": "https://example.org/icon.png",
    "bot_mode": 0,
    "prompt_info": {"prompt": '# Role\nYou teach "English" to {{name}}.\n\nBe \\patient.'},
    "onboarding_info": {"prologue": "你好！", "suggested_questions": ["What is a verb?", ""]},
    "voice_info_list": [{"voice_id": "7426720361733144585", "language_code": "en"}],
    "plugin_info_list": [{"plugin_id": "1", "name": "Maps", "api_info_list": []}],
    "knowledge": {"knowledge_infos": [{"id": "2"}]},
    "workflow_info_list": [],
    "model_info": {"model_id": "9", "model_name": "Doubao"},
}


@pytest.fixture
def cloud() -> Iterator[FixedAnswers]:
    """A stand-in for the cloud's REST."""
    answers = {
        "/v1/bots/748?is_published=true": (200, json.dumps({"code": 0, "msg": "", "data": BOT})),
        "/v1/bots/748?is_published=false": (200, json.dumps({"code": 0, "data": BOT | {"name": "草稿"}})),
        "/v1/bots/1": (200, json.dumps({"code": 4200, "msg": f"bot 1 does not exist for {TOKEN}"})),
        "/v1/bots/2": (502, "<html>"),
        "/v1/bots/3": (200, json.dumps({"code": 0, "data": {"bot_id": "3"}})),
    }
    with fixed_answers(answers) as served:
        yield served


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COZE_API_TOKEN", TOKEN)
    with caplog.at_level(logging.DEBUG):
        yield
    written = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert TOKEN not in "".join([*written, caplog.text])


def imported(cloud: FixedAnswers, *options: str, typed: str = "") -> Result:
    done = CliRunner().invoke(main, ["import-bot", "--from", cloud.url, *options], input=typed)
    assert TOKEN not in done.output
    return done


def test_its_texts_are_taken_over_and_the_rest_of_the_file_stays(cloud: FixedAnswers) -> None:
    Path("kouyu.toml").write_text('# mine\n[[bots]]\nid = "kouyu" # the first\n\n[bots.model]\nmodel = ""\n')
    done = imported(cloud, "748")
    assert done.exit_code == 0, done.output
    text = Path("kouyu.toml").read_text()
    assert text.startswith('# mine\n[[bots]]\nid = "kouyu" # the first\n')
    first, bot = load(Path("kouyu.toml")).bots
    assert (first.id, bot.id, bot.aliases, bot.name) == ("kouyu", "english-tutor", ("748",), "English Tutor")
    assert bot.prompt == BOT["prompt_info"]["prompt"]  # type: ignore[index]
    assert (bot.description, bot.prologue, bot.suggested_questions) == ("Teaches.", "你好！", ("What is a verb?",))
    assert cloud.asked == [Asked("GET", "/v1/bots/748?is_published=true", TOKEN)]


def test_what_is_not_taken_over_and_the_voice_are_told(cloud: FixedAnswers) -> None:
    done = imported(cloud, "748")
    assert 'voice_aliases = { "7426720361733144585" = "…" }' in done.stdout
    assert "Not taken over: plug-ins" in done.stdout
    assert "Not taken over: knowledge bases" in done.stdout
    assert "workflows" not in done.stdout
    assert "voice_id" not in tomllib.loads(Path("kouyu.toml").read_text())["bots"][-1]


def test_its_voice_is_the_one_that_is_named_or_that_an_alias_has(cloud: FixedAnswers) -> None:
    Path("kouyu.toml").write_text('[engines]\nvoice_aliases = { "7426720361733144585" = "kokoro-zf-xiaobei" }\n')
    assert "voice_aliases" not in imported(cloud, "748").stdout
    assert imported(cloud, "748", "--draft", "--id", "two", "--voice", "hibari-en-us-heart").exit_code == 1
    Path("kouyu.toml").write_text(Path("kouyu.toml").read_text().replace('["748"]', "[]"))
    done = imported(cloud, "748", "--draft", "--id", "two", "--voice", "hibari-en-us-heart")
    assert done.exit_code == 0, done.output
    voices = {bot.name: bot.voice_id for bot in load(Path("kouyu.toml")).bots}
    assert voices == {"English Tutor": "7426720361733144585", "草稿": "hibari-en-us-heart"}


def test_a_first_settings_file_is_written_where_there_is_none(cloud: FixedAnswers) -> None:
    assert imported(cloud, "748", "--config", "new.toml").exit_code == 0
    assert [bot.id for bot in load(Path("new.toml")).bots] == ["kouyu", "english-tutor"]


def test_a_bot_that_is_there_is_not_written_over(cloud: FixedAnswers) -> None:
    imported(cloud, "748")
    before = Path("kouyu.toml").read_text()
    again = imported(cloud, "748", "--id", "another")
    assert again.exit_code == 1
    assert "the bot 'english-tutor' is 748 already; remove that bot to take it over anew" in again.stderr
    other = imported(cloud, "3", "--id", "english-tutor")
    assert other.exit_code == 1
    assert "there is a bot 'english-tutor' already; choose another id with --id" in other.stderr
    assert Path("kouyu.toml").read_text() == before


def test_a_bot_of_few_words_is_taken_over_by_its_id(cloud: FixedAnswers) -> None:
    assert imported(cloud, "3").exit_code == 0
    assert load(Path("kouyu.toml")).bots[-1].id == "3"


def test_the_token_is_asked_for_without_showing_it(cloud: FixedAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COZE_API_TOKEN")
    assert imported(cloud, "748", typed=f"{TOKEN}\n").exit_code == 0
    assert cloud.asked[0].token == TOKEN


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("1",), "does not give the bot 1 (4200): bot 1 does not exist for …"),
        (("2",), "is no Coze server: its answer (HTTP 502) cannot be read"),
        (("748", "--from", "http://127.0.0.1:9"), "http://127.0.0.1:9 cannot be reached: ConnectError"),
        (("748", "--from", "ftp://a"), "ftp://a cannot be reached: UnsupportedProtocol"),
    ],
)
def test_what_goes_wrong_is_told_and_nothing_written(cloud: FixedAnswers, options: tuple[str, ...], said: str) -> None:
    failed = imported(cloud, *options)
    assert failed.exit_code == 1
    assert said in failed.stderr
    assert list(Path.cwd().iterdir()) == []
