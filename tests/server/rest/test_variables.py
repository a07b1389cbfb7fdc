"""Variables of users with the unmodified cozepy, and how they come into a prompt."""

import httpx
import pytest
from cozepy import AsyncCoze, Coze, CozeAPIError, VariableValue

from tests.end_to_end.running_server import RunningServer
from tests.server.rest.test_bots import asked
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models

BOT = "scripted"


def values(*pairs: tuple[str, str]) -> list[VariableValue]:
    return [VariableValue(keyword=keyword, value=value) for keyword, value in pairs]


def test_what_is_written_is_read_again(scripted_coze: Coze) -> None:
    variables = scripted_coze.variables
    variables.update(connector_uid="ada", bot_id=BOT, data=values(("city", "Rome"), ("food", "rice")))
    read = variables.retrieve(connector_uid="ada", bot_id=BOT, keywords=["city", "unheard_of"])
    assert [(each.keyword, each.value) for each in read] == [("city", "Rome")]
    assert read.data[0].create_time > 0


def test_a_body_may_have_a_byte_order_mark_and_a_nul_around_it(scripted_server: RunningServer) -> None:
    given = f'\ufeff{{"bot_id": "{BOT}", "connector_uid": "ian", "data": [{{"keyword": "city", "value": "Rome"}}]}}\0'
    url = f"{scripted_server.http}/v1/variables"
    header = {"Authorization": f"Bearer {scripted_server.token}", "Content-Type": "application/json"}
    assert httpx.put(url, headers=header, content=given.encode()).json()["code"] == 0


def test_the_default_of_a_bot_is_read_where_the_user_has_no_value(scripted_coze: Coze) -> None:
    read = scripted_coze.variables.retrieve(connector_uid="eve", bot_id=BOT, keywords=["mood"])
    assert [(each.value, each.create_time) for each in read] == [("calm", 0)]


def test_the_prompt_has_the_users_value_unless_the_client_brings_another(
    scripted_coze: Coze, scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    scripted_coze.variables.update(connector_uid="bob", bot_id=BOT, data=values(("mood", "merry")))
    for chat_config, mood in (
        ({"user_id": "bob"}, "merry"),
        ({"user_id": "bob", "custom_variables": {"mood": "grim"}}, "grim"),
        ({"user_id": "somebody"}, "calm"),
    ):
        sent = asked(scripted_server, language_model, BOT, **chat_config)
        assert sent["messages"][0]["content"] == f"You are {mood}."


def test_apps_have_variables_of_their_own(scripted_coze: Coze) -> None:
    variables = scripted_coze.variables
    variables.update(connector_uid="ada", app_id="app", data=values(("city", "Oslo")))
    assert variables.retrieve(connector_uid="ada", app_id="app", keywords=["city"]).data[0].value == "Oslo"


def test_somebody_must_be_named_whose_variables_they_are(scripted_coze: Coze) -> None:
    with pytest.raises(CozeAPIError, match="bot_id or app_id: is missing"):
        scripted_coze.variables.retrieve(connector_uid="ada", keywords=["city"])


@pytest.mark.parametrize("data", [[], [{"keyword": "", "value": "x"}], [{"keyword": "city", "value": 7}], None])
def test_values_that_cannot_be_are_refused_by_name(scripted_server: RunningServer, data: object) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    body = {"connector_uid": "ada", "bot_id": BOT, "data": data}
    answer = httpx.put(f"{scripted_server.http}/v1/variables", headers=headers, json=body)
    assert answer.status_code == 400
    assert answer.json()["msg"].startswith("data")


def test_values_of_no_user_are_those_of_chats_that_name_none(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    with httpx.Client(
        base_url=scripted_server.http, headers={"Authorization": f"Bearer {scripted_server.token}"}
    ) as http:
        for mood in ("sleepy", "calm"):
            http.put("/v1/variables", json={"bot_id": BOT, "data": [{"keyword": "mood", "value": mood}]})
            assert http.get("/v1/variables", params={"bot_id": BOT}).json()["data"]["items"][0]["value"] == mood
            sent = asked(scripted_server, language_model, BOT)
            assert sent["messages"][0]["content"] == f"You are {mood}."


async def test_the_asynchronous_client_does_the_same(scripted_async_coze: AsyncCoze) -> None:
    variables = scripted_async_coze.variables
    await variables.update(connector_uid="kim", bot_id=BOT, data=values(("city", "Bern")))
    read = await variables.retrieve(connector_uid="kim", bot_id=BOT, keywords=["city"])
    assert [each.value for each in read.data] == ["Bern"]
