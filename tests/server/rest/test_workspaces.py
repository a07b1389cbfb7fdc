"""Workspaces, the user, and what is not served, as cozepy sees them."""

import httpx
import pytest
from cozepy import AsyncCoze, Coze, CozeAPIError

from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

NOT_FOUND = 4200


def test_there_is_one_workspace(scripted_coze: Coze) -> None:
    listed = scripted_coze.workspaces.list(page_size=1)
    assert [(each.id, each.role_type.value) for each in listed] == [("1", "owner")]
    assert listed.total == 1
    assert scripted_coze.workspaces.list(page_num=2).items == []


def test_the_user_is_the_token(scripted_coze: Coze) -> None:
    user = scripted_coze.users.me()
    assert user.user_id.isdigit()
    assert user.user_name == user.nick_name == "default"


async def test_the_asynchronous_client_sees_the_same(scripted_async_coze: AsyncCoze, scripted_coze: Coze) -> None:
    assert (await scripted_async_coze.users.me()).user_id == scripted_coze.users.me().user_id
    assert [each.id for each in (await scripted_async_coze.workspaces.list()).items] == ["1"]


def test_a_request_for_a_room_gets_an_error_that_names_the_alternative(scripted_coze: Coze) -> None:
    with pytest.raises(CozeAPIError, match="/v1/chat") as fault:
        scripted_coze.audio.rooms.create(bot_id="scripted")
    assert fault.value.code == NOT_FOUND


def test_what_is_not_served_is_said_so_and_not_taken_for_a_success(scripted_coze: Coze) -> None:
    for ask in (
        lambda: scripted_coze.workflows.runs.create(workflow_id="7"),
        lambda: scripted_coze.datasets.list(space_id="1").items,
        lambda: scripted_coze.templates.duplicate(template_id="7", workspace_id="1"),
    ):
        with pytest.raises(CozeAPIError) as fault:
            ask()
        assert fault.value.code == NOT_FOUND
        assert fault.value.logid


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("DELETE", "/v1/bots"), ("POST", "/api/x")])
def test_an_unknown_path_or_method_gets_the_error_wrapper(
    scripted_server: RunningServer, method: str, path: str
) -> None:
    answer = httpx.request(method, scripted_server.http + path)
    body = answer.json()
    assert answer.status_code in (404, 405)
    assert body["code"] == NOT_FOUND
    assert body["msg"]
    assert body["detail"]["logid"] == answer.headers["X-Tt-Logid"]
