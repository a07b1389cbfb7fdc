"""Ids of the cloud that clients have in them: bots, flows and voices answer to them wherever they come in."""

from collections.abc import Iterator

import httpx
import pytest
from cozepy import ChatEventType, Coze, CozeAPIError, Message, SyncHTTPClient, TokenAuth
from websockets.sync.client import connect

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer, running_server
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models

BOT, FLOW, VOICE = "7480000000000000001", "7490000000000000002", "7426720361733144585"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("moved")
    (folder / "my_flows.py").write_text("async def f(request):\n    yield 'This is the flow.'\n")
    config = f"""
[engines]
tts = ["hibari"]
voice_aliases = {{ "{VOICE}" = "hibari-en-us-heart" }}

[[bots]]
id = "first"
[bots.model]
base_url = "http://127.0.0.1:9/v1"
model = "m"

[[bots]]
id = "tutor"
aliases = ["{BOT}"]
name = "Tutor"
prologue = "Good morning."
voice_id = "{VOICE}"
[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"

[[flows]]
id = "flow"
aliases = ["{FLOW}"]
callable = "my_flows:f"
"""
    with running_server(folder, config=config) as started:
        yield started


@pytest.fixture
def coze(moved: RunningServer) -> Iterator[Coze]:
    with SyncHTTPClient() as http:
        yield Coze(auth=TokenAuth(moved.token), base_url=moved.http, http_client=http)


async def test_a_voice_conversation(moved: RunningServer) -> None:
    async with talking(moved, bot_id=BOT) as talk:
        updated = await talk.configure(output_audio={"voice_id": VOICE})
        assert (updated.data["output_audio"]["voice_id"], updated.data["prologue_content"]) == (VOICE, "Good morning.")
        assert (await talk.ask("hello")).strip() == "hello"
        assert len(talk.audio()) > 10_000
        created = next(event for event in talk.events if event.type == "conversation.chat.created")
        assert created.data["bot_id"] == BOT
    async with talking(moved, workflow_id=FLOW) as talk:
        assert await talk.ask("hello") == "This is the flow."
    assert "there is no voice" not in moved.log()


def test_rest(coze: Coze) -> None:
    bot = coze.bots.retrieve(bot_id=BOT)
    assert (bot.bot_id, bot.name) == (BOT, "Tutor")
    asked = [Message.build_user_question_text("hello")]
    said = [
        event.message.content
        for stream in (
            coze.chat.stream(bot_id=BOT, user_id="ada", additional_messages=asked),
            coze.workflows.chat.stream(workflow_id=FLOW, bot_id=BOT, additional_messages=asked),
        )
        for event in stream
        if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA
    ]
    assert "".join(said) == "hello This is the flow."
    assert coze.conversations.create(bot_id=BOT).id
    space = coze.workspaces.list().items[0].id
    assert [each.bot_id for each in coze.bots.list(space_id=space).items] == ["first", "tutor"]


def test_speech_over_a_socket_and_a_voice_that_is_not_there(moved: RunningServer) -> None:
    url = moved.http.replace("http", "ws") + "/v1/audio/speech"
    with connect(url, additional_headers={"Authorization": f"Bearer {moved.token}"}) as socket:
        for voice in (VOICE, "7000000000000000007"):
            socket.send(f'{{"event_type":"speech.update","data":{{"output_audio":{{"voice_id":"{voice}"}}}}}}')
        socket.recv()
        assert f'"voice_id":"{VOICE}"' in str(socket.recv())
        assert '"voice_id":"hibari-en-us-heart"' in str(socket.recv())
    told = "there is no voice '7000000000000000007' here: hibari-en-us-heart speaks; engines.voice_aliases"
    assert moved.log().count(told) == 1


def test_workflows(moved: RunningServer) -> None:
    with httpx.Client(base_url=moved.http, headers={"Authorization": f"Bearer {moved.token}"}) as http:
        listed = http.get("/v1/workflows").json()["data"]["items"]
        ran = http.post("/v1/workflow/run", json={"workflow_id": FLOW, "parameters": {"input": "hello"}}).json()
    assert [each["workflow_id"] for each in listed] == ["flow"]
    assert "This is the flow." in ran["data"]


def test_speech_over_http(moved: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {moved.token}"}
    spoken = httpx.post(f"{moved.http}/v1/audio/speech", json={"input": "Hello.", "voice_id": VOICE}, headers=headers)
    assert spoken.headers["content-type"] == "audio/mpeg"
    assert len(spoken.content) > 1000


def test_a_bot_may_be_made_with_a_voice_of_the_cloud(moved: RunningServer, coze: Coze) -> None:
    body = {"space_id": coze.workspaces.list().items[0].id, "name": "Pirate", "voice_info_list": [{"voice_id": VOICE}]}
    made = httpx.post(f"{moved.http}/v1/bot/create", json=body, headers={"Authorization": f"Bearer {moved.token}"})
    assert made.json()["code"] == 0, made.text
    with pytest.raises(CozeAPIError, match="is defined in the server"):
        coze.bots.update(bot_id=BOT, name="Other")
