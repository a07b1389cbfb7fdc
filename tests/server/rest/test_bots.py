"""Bots over REST with the unmodified cozepy: made, changed, published, talked with."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cozepy import (
    AsyncCoze,
    BotModelInfo,
    BotOnboardingInfo,
    BotPromptInfo,
    ChatEventType,
    Coze,
    CozeAPIError,
    Message,
    PublishStatus,
)
from websockets.sync.client import connect

from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models

WORKSPACE = "1"
NOT_FOUND, NOT_PUBLISHED, FORBIDDEN, BAD_REQUEST = 4200, 4015, 4101, 4000


def made(coze: Coze, name: str = "Pirate", prompt: str = "You are a {{mood}} pirate.", **fields: Any) -> str:
    """The id of a new bot."""
    prompt_info = BotPromptInfo(prompt=prompt)
    return coze.bots.create(space_id=WORKSPACE, name=name, prompt_info=prompt_info, **fields).bot_id


def asked(server: RunningServer, model: OpenAIStandIn, bot_id: str, **chat_config: Any) -> dict[str, Any]:
    """What the model is sent for a question typed to the bot in a new session."""
    before = len(model.requests)
    address = f"{server.http.replace('http', 'ws')}/v1/chat?bot_id={bot_id}"
    with connect(address, additional_headers={"Authorization": f"Bearer {server.token}"}) as socket:
        update = {"event_type": "chat.update", "data": {"chat_config": chat_config}}
        question = {"role": "user", "content_type": "text", "content": "Where to?"}
        for event in (update, {"event_type": "conversation.message.create", "data": question}):
            socket.send(json.dumps({"id": "1"} | event))
        while json.loads(socket.recv(timeout=20))["event_type"] != "conversation.chat.completed":
            pass
    body: dict[str, Any] = model.requests[before].body
    return body


def refused(ask: Callable[[], Any]) -> CozeAPIError:
    with pytest.raises(CozeAPIError) as fault:
        ask()
    assert fault.value.logid
    return fault.value


def test_a_new_bot_is_a_draft_until_it_is_published(scripted_coze: Coze) -> None:
    bots = scripted_coze.bots
    onboarding = BotOnboardingInfo(prologue="Ahoy.", suggested_questions=["Where to?"])
    bot_id = made(scripted_coze, description="Sails.", onboarding_info=onboarding)
    assert refused(lambda: bots.retrieve(bot_id=bot_id)).code == NOT_PUBLISHED
    draft = bots.retrieve(bot_id=bot_id, is_published=False, use_api_version=2)
    assert draft.prompt_info == BotPromptInfo(prompt="You are a {{mood}} pirate.")
    bots.publish(bot_id=bot_id)
    for version in (1, 2):
        bot = bots.retrieve(bot_id=bot_id, use_api_version=version)
        assert (bot.name, bot.description, bot.version) == ("Pirate", "Sails.", "1")
        assert bot.onboarding_info == onboarding


def test_a_published_bot_answers_with_its_prompt_model_options_and_prologue(
    scripted_coze: Coze, scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    model = BotModelInfo(
        model_id="scripted",
        temperature=0.3,
        max_tokens=99,
        presence_penalty=0.5,
        response_format=BotModelInfo.ResponseFormat.JSON,
    )
    bot_id = made(scripted_coze, model_info_config=model)
    scripted_coze.bots.publish(bot_id=bot_id)
    sent = asked(scripted_server, language_model, bot_id, custom_variables={"mood": "grim"})
    assert sent["messages"][0] == {"role": "system", "content": "You are a grim pirate."}
    assert (sent["temperature"], sent["max_tokens"], sent["presence_penalty"]) == (0.3, 99, 0.5)
    assert sent["response_format"] == {"type": "json_object"}


def test_a_published_bot_answers_in_writing_too(scripted_coze: Coze, language_model: OpenAIStandIn) -> None:
    bot_id = made(scripted_coze, prompt="You are a chatty pirate.")
    scripted_coze.bots.publish(bot_id=bot_id)
    question = Message.build_user_question_text("Where to?")
    for event in scripted_coze.chat.stream(bot_id=bot_id, user_id="ada", additional_messages=[question]):
        if event.event == ChatEventType.CONVERSATION_CHAT_COMPLETED:
            break
    else:
        pytest.fail("the chat did not complete")
    asked = [request.body for request in language_model.requests if "messages" in request.body]
    sent = [body["messages"][0]["content"] for body in asked]
    assert "You are a chatty pirate." in sent


def test_the_prologue_and_the_voice_are_the_bots(scripted_coze: Coze, scripted_server: RunningServer) -> None:
    voice_id = scripted_coze.audio.voices.list().items[-1].voice_id
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    with httpx.Client(base_url=scripted_server.http, headers=headers) as http:
        body = {"name": "Pirate", "onboarding_info": {"prologue": "Ahoy."}, "voice_info_list": [{"voice_id": voice_id}]}
        bot_id = http.post("/v1/bot/create", json=body).json()["data"]["bot_id"]
        assert http.post("/v1/bot/publish", json={"bot_id": bot_id}).json()["data"]["version"] == "1"
    address = f"{scripted_server.http.replace('http', 'ws')}/v1/chat?bot_id={bot_id}"
    with connect(address, additional_headers=headers) as socket:
        socket.send(json.dumps({"id": "1", "event_type": "chat.update", "data": {}}))
        while (event := json.loads(socket.recv(timeout=20)))["event_type"] != "chat.updated":
            pass
    assert event["data"]["output_audio"]["voice_id"] == voice_id
    assert event["data"]["prologue_content"] == "Ahoy."


def test_a_change_holds_from_the_next_session_once_it_is_published(
    scripted_coze: Coze, scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    bot_id = made(scripted_coze, prompt="First.")
    scripted_coze.bots.publish(bot_id=bot_id)
    scripted_coze.bots.update(bot_id=bot_id, prompt_info=BotPromptInfo(prompt="Second."))
    assert asked(scripted_server, language_model, bot_id)["messages"][0]["content"] == "First."
    scripted_coze.bots.publish(bot_id=bot_id)
    assert asked(scripted_server, language_model, bot_id)["messages"][0]["content"] == "Second."
    assert scripted_coze.bots.retrieve(bot_id=bot_id).name == "Pirate"


def test_an_unpublished_bot_does_not_answer(scripted_coze: Coze, scripted_server: RunningServer) -> None:
    bot_id = made(scripted_coze)
    scripted_coze.bots.publish(bot_id=bot_id)
    scripted_coze.bots.unpublish(bot_id=bot_id, connector_id="1024")
    address = f"{scripted_server.http.replace('http', 'ws')}/v1/chat?bot_id={bot_id}"
    with connect(address, additional_headers={"Authorization": f"Bearer {scripted_server.token}"}) as socket:
        event = json.loads(socket.recv(timeout=20))
    assert (event["event_type"], event["data"]["code"]) == ("error", NOT_FOUND)
    assert refused(lambda: scripted_coze.chat.create(bot_id=bot_id, user_id="ada")).code == NOT_PUBLISHED
    draft = scripted_coze.bots.retrieve(bot_id=bot_id, is_published=False, use_api_version=2)
    assert draft.name == "Pirate"


def test_a_list_has_each_bot_in_the_state_that_is_asked_for(scripted_coze: Coze) -> None:
    bots = scripted_coze.bots
    draft, published = made(scripted_coze), made(scripted_coze)
    bots.publish(bot_id=published)

    def ids(status: PublishStatus) -> set[str]:
        return {bot.id for bot in bots.list(space_id=WORKSPACE, publish_status=status, use_api_version=2, page_size=3)}

    assert {"scripted", published} <= ids(PublishStatus.PUBLISHED_ONLINE)
    assert draft not in ids(PublishStatus.PUBLISHED_ONLINE)
    assert draft in ids(PublishStatus.UNPUBLISHED_DRAFT)
    assert published not in ids(PublishStatus.UNPUBLISHED_DRAFT)
    assert {"scripted", draft, published} <= ids(PublishStatus.ALL)
    assert {bot.id for bot in bots.list(space_id=WORKSPACE)} == ids(PublishStatus.PUBLISHED_ONLINE)


def test_a_bot_of_the_settings_can_be_read_and_not_changed(scripted_coze: Coze) -> None:
    bot = scripted_coze.bots.retrieve(bot_id="scripted")
    assert bot.prompt_info == BotPromptInfo(prompt="You are {{mood}}.")
    assert [(one.keyword, one.default_value) for one in bot.variables or []] == [("mood", "calm")]
    fault = refused(lambda: scripted_coze.bots.update(bot_id="scripted", name="Mine"))
    assert fault.code == FORBIDDEN
    assert "kouyu.toml" in str(fault)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"prompt_info": {"prompt": "{{ city"}}, "prompt_info.prompt"),
        ({"prompt_info": {"prompt": "{{ 'x' * 2000000000 }}"}}, "prompt_info.prompt"),
        ({"model_info_config": {"model_id": "huge"}}, "model_info_config.model_id"),
        ({"model_info_config": {"model_id": "scripted", "temperature": 3}}, "model_info_config.temperature"),
        ({"plugin_id_list": {"id_list": [{"plugin_id": "maps", "api_id": ""}]}}, "plugin_id_list.id_list.plugin_id"),
        ({"voice_info_list": [{"voice_id": "nobody"}]}, "voice_info_list[0].voice_id"),
        ({"knowledge": {"dataset_ids": ["7"]}}, "knowledge.dataset_ids"),
        ({"workflow_id_list": {"ids": [{"id": "7"}]}}, "workflow_id_list.ids"),
        ({"icon_file_id": "7"}, "icon_file_id"),
        ({"name": ""}, "name"),
        ({"space_id": "7"}, "space_id"),
    ],
)
def test_what_a_bot_cannot_be_is_refused_by_name(
    scripted_server: RunningServer, fields: dict[str, Any], named: str
) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    answer = httpx.post(f"{scripted_server.http}/v1/bot/create", headers=headers, json={"name": "Bad"} | fields)
    assert (answer.status_code, answer.json()["code"]) == (400, BAD_REQUEST)
    assert answer.json()["msg"].startswith(f"{named}: ")


def test_a_bot_shows_its_picture_to_whoever_asks(scripted_coze: Coze, scripted_server: RunningServer) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(10)
    file_id = scripted_coze.files.upload(file=("me.png", picture)).id
    bot_id = made(scripted_coze, icon_file_id=file_id)
    scripted_coze.bots.publish(bot_id=bot_id)
    address = scripted_coze.bots.retrieve(bot_id=bot_id).icon_url
    assert address
    shown = httpx.get(address.replace(scripted_server.https, scripted_server.http))
    assert (shown.headers["content-type"], shown.content) == ("image/png", picture)


async def test_the_asynchronous_client_does_the_same(scripted_async_coze: AsyncCoze) -> None:
    bots = scripted_async_coze.bots
    bot_id = (await bots.create(space_id=WORKSPACE, name="Async", prompt_info=BotPromptInfo(prompt="Be."))).bot_id
    await bots.update(bot_id=bot_id, name="Renamed")
    await bots.publish(bot_id=bot_id)
    assert (await bots.retrieve(bot_id=bot_id)).name == "Renamed"
    listed = await bots.list(space_id=WORKSPACE, use_api_version=2)
    assert bot_id in [bot.id async for bot in listed]
    await bots.unpublish(bot_id=bot_id, connector_id="1024")
    with pytest.raises(CozeAPIError):
        await bots.retrieve(bot_id=bot_id)
