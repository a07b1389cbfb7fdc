"""Flows as workflows: run, streamed, asked for later, listed; by cozepy, and on the wire as other SDKs read it."""

import asyncio
import json
import time
from typing import Any

import pytest
from cozepy import AsyncCoze, Coze, CozeAPIError, WorkflowEventType, WorkflowExecuteStatus

from kouyu.text_chats import workflow_runs
from kouyu.text_chats.workflow_runs import KEPT_S
from tests.text_chats.conftest import Run, Writing

ANSWER = "You asked for tea in the south."
GIVEN = {"input": "for tea", "shop": "the south"}


async def test_a_run_gives_its_output_as_json_and_the_parameters_reach_the_flow(coze: Run, writing: Writing) -> None:
    def ask(client: Coze) -> Any:
        ext = {"user_id": "ada", "latitude": "1", "longitude": "2"}
        return client.workflows.runs.create(workflow_id="orders", parameters=GIVEN, ext=ext)

    ran = await coze(ask)
    assert json.loads(ran.data) == {"output": ANSWER}
    (request,) = writing.flow_requests
    assert (request.user_id, request.extra_params["latitude"]) == ("ada", "1")
    assert request.parameters["USER_INPUT"] == "for tea"


async def test_a_flow_that_answers_with_an_object_gives_that(writing: Writing) -> None:
    answer = await writing.post("/v1/workflow/run", {"workflow_id": "json"})
    assert (answer["code"], answer["data"], answer["debug_url"], answer["cost"]) == (0, '{"answer": 7}', "", "0")


async def test_a_run_that_fails_says_why(coze: Run) -> None:
    def ask(client: Coze) -> None:
        with pytest.raises(CozeAPIError, match="Flow broken failed: ZeroDivisionError") as refused:
            client.workflows.runs.create(workflow_id="broken")
        assert refused.value.code == 5000
        with pytest.raises(CozeAPIError, match="no workflow '9'") as refused:
            client.workflows.runs.create(workflow_id="9")
        assert refused.value.code == 4200

    await coze(ask)


async def test_a_stream_has_the_output_piece_by_piece(async_coze: AsyncCoze) -> None:
    stream = async_coze.workflows.runs.stream(workflow_id="orders", parameters=GIVEN)
    events = [event async for event in stream]
    assert [event.id for event in events] == [0, 1, 2]
    messages = [event.message for event in events if event.message]
    assert "".join(message.content for message in messages) == ANSWER
    assert [message.node_is_finish for message in messages] == [False, False, True]


async def test_a_stream_on_the_wire_is_as_all_sdks_read_it(writing: Writing) -> None:
    answer = await writing.http.post("/v1/workflow/stream_run", json={"workflow_id": "json"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, second, done, rest = answer.text.split("\n\n")
    assert first.split("\n")[:2] == ["id:0", "event:Message"]
    assert second.startswith("id:1\nevent:Message\ndata:{")
    assert (done, rest) == ('id:2\nevent:Done\ndata:{"debug_url":""}', "")


async def test_a_stream_that_fails_ends_with_an_error(coze: Run) -> None:
    def ask(client: Coze) -> None:
        (event,) = list(client.workflows.runs.stream(workflow_id="broken"))
        assert event.event == WorkflowEventType.ERROR
        assert event.error is not None
        assert (event.error.error_code, event.error.error_message) == (5000, "Flow broken failed: ZeroDivisionError")

    await coze(ask)


async def test_a_client_that_leaves_a_stream_ends_its_run(writing: Writing) -> None:
    async with writing.http.stream("POST", "/v1/workflow/stream_run", json={"workflow_id": "endless"}) as answer:
        await anext(answer.aiter_lines())
        (run,) = writing.chats.runs.tasks
    async with asyncio.timeout(10):
        await run.ended()
    assert (run.status, run.output) == ("Fail", "Wait")


async def test_the_result_of_an_asynchronous_run_is_asked_for_later(coze: Run) -> None:
    def ask(client: Coze) -> None:
        runs = client.workflows.runs
        begun = runs.create(workflow_id="orders", parameters=GIVEN, is_async=True)
        where: dict[str, Any] = {"workflow_id": "orders", "execute_id": begun.execute_id}
        while (history := runs.run_histories.retrieve(**where)).execute_status == WorkflowExecuteStatus.RUNNING:
            time.sleep(0.01)
        assert history.execute_status == WorkflowExecuteStatus.SUCCESS
        assert json.loads(history.output) == {"output": ANSWER}
        assert history.node_execute_status is not None
        (node,) = history.node_execute_status.values()
        answered = runs.run_histories.execute_nodes.retrieve(**where, node_execute_uuid=node.node_execute_uuid)
        assert (answered.is_finish, answered.node_output) == (True, history.output)
        with pytest.raises(CozeAPIError, match="no run"):
            runs.run_histories.retrieve(**{**where, "workflow_id": "json"})

    await coze(ask)


async def test_a_running_run_shows_as_such_and_is_ended_with_the_server(writing: Writing) -> None:
    begun = await writing.post("/v1/workflow/run", {"workflow_id": "endless", "is_async": True})
    path = f"/v1/workflows/endless/run_histories/{begun['execute_id']}"
    (shown,) = (await writing.http.get(path)).json()["data"]
    assert (shown["execute_status"], shown["run_mode"], shown["error_code"]) == ("Running", 2, "")
    await writing.chats.end()
    (shown,) = (await writing.http.get(path)).json()["data"]
    assert (shown["execute_status"], shown["error_code"]) == ("Fail", "5000")
    refused = await writing.post("/v1/workflow/run", {"workflow_id": "json"})
    assert refused["code"] == 4009


async def test_runs_are_of_their_owner_and_count_as_conversations(writing: Writing) -> None:
    await writing.store.tokens.change("ada", limits={"conversations": 1})
    begun = await writing.post("/v1/workflow/run", {"workflow_id": "endless", "is_async": True})
    assert (await writing.post("/v1/workflow/run", {"workflow_id": "json"}))["code"] == 4013
    _, other = await writing.store.tokens.create("eve", owner="clinic")
    path = f"/v1/workflows/endless/run_histories/{begun['execute_id']}"
    found = await writing.http.get(path, headers={"Authorization": f"Bearer {other}"})
    assert found.status_code == 404


async def test_results_are_kept_for_a_day_and_only_so_many(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_runs, "MOST_KEPT", 2)
    ran = [await writing.post("/v1/workflow/run", {"workflow_id": "json"}) for _ in range(4)]
    kept = [writing.chats.runs.find("", "json", each["execute_id"]) for each in ran]
    assert (kept[0], kept[-1] is None) == (None, False)
    latest = kept[-1]
    assert latest is not None
    latest.updated_at -= KEPT_S
    assert writing.chats.runs.find("", "json", latest.id) is None


async def test_no_run_is_ever_interrupted(coze: Run) -> None:
    def ask(client: Coze) -> None:
        given: dict[str, Any] = {"event_id": "1/2", "resume_data": "tea", "interrupt_type": 2}
        with pytest.raises(Exception, match="flows are never"):
            list(client.workflows.runs.resume(workflow_id="orders", **given))

    await coze(ask)


async def test_the_flows_are_listed_as_workflows_and_apps(coze: Run, writing: Writing) -> None:
    def ask(client: Coze) -> None:
        assert [each.workflow_id for each in client.workflows.list(page_size=3)] == [
            "orders",
            "json",
            "broken",
            "endless",
        ]
        assert [each.id for each in client.apps.list(workspace_id="1", page_size=3)][-1] == "endless"
        assert client.workflows.retrieve(workflow_id="json").workflow_detail.workflow_name == "json"
        assert client.workflows.versions.list(workflow_id="json").items == []
        with pytest.raises(CozeAPIError, match="no workflow"):
            client.workflows.retrieve(workflow_id="9")

    await coze(ask)
    app = (await writing.http.get("/v1/apps/orders", params={"connector_id": "999"})).json()
    assert app["data"]["name"] == "orders"
    assert (await writing.http.get("/v1/apps/9")).status_code == 404
    drafts = await writing.http.get("/v1/workflows", params={"publish_status": "unpublished_draft"})
    assert drafts.json()["data"] == {"items": [], "has_more": False}


async def test_a_page_that_asks_again_gets_the_conversation_it_had(writing: Writing) -> None:
    asked = {"app_id": "orders", "conversation_name": "Default", "get_or_create": True, "workflow_id": "orders"}
    first = await writing.post("/v1/conversation/create", asked)
    again = await writing.post("/v1/conversation/create", asked)
    assert first["data"]["id"] == again["data"]["id"]
    assert again["data"]["name"] == "Default"
    for other in ({"conversation_name": "Tea"}, {"app_id": "json"}, {"get_or_create": False}):
        created = await writing.post("/v1/conversation/create", {**asked, **other})
        assert created["data"]["id"] != first["data"]["id"]
    latest = await writing.post("/v1/conversation/create", asked)
    assert latest["data"]["id"] == first["data"]["id"]
