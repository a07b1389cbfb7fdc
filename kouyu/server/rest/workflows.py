"""``/v1/workflow/…``, ``/v1/workflows`` and ``/v1/apps``: the flows of kouyu.toml as the workflows of the service."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from kouyu.agents.agent import Agent
from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError, UnknownId
from kouyu.domain.object_ranges import AnyObject, Coordinates
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.chat_stream import FLOW_DONE, numbered_frame
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.server.rest.workflow_shape import (
    NODE,
    AppList,
    NodeHistory,
    ResumeWorkflow,
    Role,
    RunHistory,
    RunResult,
    RunWorkflow,
    ShownApp,
    WorkflowInfo,
    WorkflowList,
    WorkflowsQuery,
    WorkflowVersions,
    output_of,
    shown_run,
    shown_workflow,
)
from kouyu.server.rest.workspaces import check_workspace
from kouyu.store.store import Store
from kouyu.text_chats.text_chats import TextChats
from kouyu.text_chats.workflow_runs import Mode, RunRequest, WorkflowRun

Asking = Request[Any, Any, Any]
_STARTED: Final = int(time.time())
"""Flows have no dates: they are those of the server's start."""


def workflow_routes(store: Store, chats: TextChats, rest: RestAuthenticator, peers: Peers) -> list[HTTPRouteHandler]:
    """The route handlers. Requests about a run of another server go to ``peers``."""
    return [
        *_running_routes(store, chats, rest),
        *_history_routes(chats, rest, peers),
        *_reading_routes(chats.flows, rest),
        *_app_routes(chats.flows, rest),
    ]


def _running_routes(store: Store, chats: TextChats, rest: RestAuthenticator) -> list[HTTPRouteHandler]:
    @post(
        "/v1/workflow/run",
        guards=[rest.text],
        status_code=200,
        opt=described("Run a workflow", "Workflows", body=RunWorkflow, data=str, beside=RunResult),
    )
    async def run(request: Asking) -> Response[bytes]:
        wanted = await typed_body(request, RunWorkflow)
        begun = await _begin(store, chats, request, wanted, 2 if wanted.is_async else 0)
        if not wanted.is_async:
            await begun.ended()
            if begun.status == "Fail":
                raise ProtocolError(errors.INTERNAL, begun.fault)
        result = RunResult(begun.id, "", begun.usage, begun.usage.token_count)
        output = "" if wanted.is_async else output_of(begun)
        return answer_success(request, output, **msgspec.to_builtins(result))

    @post(
        "/v1/workflow/stream_run",
        guards=[rest.text],
        status_code=200,
        opt=described("Run a workflow, its output streamed", "Workflows", body=RunWorkflow, answer="events"),
    )
    async def stream_run(request: Asking) -> Stream:
        begun = await _begin(store, chats, request, await typed_body(request, RunWorkflow), 1)
        headers = {"Cache-Control": "no-cache"}
        return Stream(_frames(chats, begun), media_type="text/event-stream", headers=headers)

    @post(
        "/v1/workflow/stream_resume",
        guards=[rest.text],
        status_code=200,
        opt=described("Continue an interrupted run", "Workflows", body=ResumeWorkflow, answer="events"),
    )
    async def stream_resume(request: Asking) -> Response[bytes]:
        wanted = await typed_body(request, ResumeWorkflow)
        if wanted.workflow_id not in chats.flows:
            raise UnknownId("workflow", wanted.workflow_id)
        said = "no run of this workflow is interrupted: flows are never; to ask the user something, answer with it"
        raise ProtocolError(errors.BAD_REQUEST, said)

    return [run, stream_run, stream_resume]


async def _begin(store: Store, chats: TextChats, request: Asking, wanted: RunWorkflow, mode: Mode) -> WorkflowRun:
    """Begin the run that a request asks for. Raises ProtocolError, StoreError."""
    flow = chats.flows.get(wanted.workflow_id)
    if flow is None:
        raise UnknownId("workflow", wanted.workflow_id)
    if refusal := request.user.refuses_bot(wanted.bot_id, wanted.workflow_id):
        raise ProtocolError(errors.FORBIDDEN, refusal)
    user_id = wanted.ext.get("user_id", "")
    asked = RunRequest(
        workflow_id=wanted.workflow_id,
        flow=flow,
        caller=request.auth,
        bot_id=wanted.bot_id,
        user_id=user_id,
        parameters=AnyObject().check("parameters", wanted.parameters),
        custom_variables=await store.of(request.user.owner).variables.values(wanted.bot_id, user_id),
        extra_params=Coordinates().check("ext", wanted.ext),
        mode=mode,
        log_id=request.scope["state"]["log_id"],
    )
    return chats.run_flow(asked)


async def _frames(chats: TextChats, run: WorkflowRun) -> AsyncGenerator[bytes, None]:
    """A run's events: each piece of the output, an empty one that ends the node, ``Done``; or ``Error``."""
    number = 0

    def message(content: str, *, is_last: bool) -> bytes:
        data = {"content": content, "node_title": NODE, "node_seq_id": str(number), "node_is_finish": is_last}
        if is_last:
            data["usage"] = msgspec.to_builtins(run.usage)
        return numbered_frame(number, "Message", msgspec.json.encode(data))

    try:
        async with aclosing(run.texts()) as texts:
            async for text in texts:
                yield message(text, is_last=False)
                number += 1
        if run.status == "Fail":
            data = {"error_code": errors.INTERNAL, "error_message": run.fault}
            yield numbered_frame(number, "Error", msgspec.json.encode(data))
            return
        yield message("", is_last=True)
        yield numbered_frame(number + 1, "Done", FLOW_DONE)
    finally:  # also when the client disconnects
        chats.runs.stop(run)


def _history_routes(chats: TextChats, rest: RestAuthenticator, peers: Peers) -> list[HTTPRouteHandler]:
    def found(request: Asking, workflow_id: str, execute_id: str) -> WorkflowRun:
        run = chats.runs.find(request.user.owner, workflow_id, execute_id)
        if run is None:
            raise UnknownId("run", execute_id, "of this workflow (results are kept for a day, not over a restart)")
        return run

    @get(
        "/v1/workflows/{workflow_id:str}/run_histories/{execute_id:str}",
        guards=[rest.text],
        opt=described("What came of a run", "Workflows", data=list[RunHistory]),
    )
    async def history(
        request: Asking, workflow_id: FromPath[str], execute_id: FromPath[str]
    ) -> Response[bytes] | Stream:
        if holder := await peers.holder(request, execute_id):
            return await peers.pass_on(request, holder)
        return answer_success(request, [shown_run(found(request, workflow_id, execute_id))])

    @get(
        "/v1/workflows/{workflow_id:str}/run_histories/{execute_id:str}/execute_nodes/{node_execute_uuid:str}",
        guards=[rest.text],
        opt=described("What a node of a run has answered", "Workflows", data=NodeHistory),
    )
    async def node(
        request: Asking, workflow_id: FromPath[str], execute_id: FromPath[str], node_execute_uuid: FromPath[str]
    ) -> Response[bytes] | Stream:
        if holder := await peers.holder(request, execute_id):
            return await peers.pass_on(request, holder)
        run = found(request, workflow_id, execute_id)
        if node_execute_uuid != run.id:
            raise UnknownId("node", node_execute_uuid, "in this run")
        return answer_success(request, NodeHistory(run.status != "Running", output_of(run)))

    return [history, node]


def _reading_routes(flows: Mapping[str, Agent], rest: RestAuthenticator) -> list[HTTPRouteHandler]:
    def known(workflow_id: str) -> str:
        if workflow_id not in flows:
            raise UnknownId("workflow", workflow_id)
        return workflow_id

    @get(
        "/v1/workflows",
        guards=[rest.bots_or_text],
        opt=described("The workflows", "Workflows", query=WorkflowsQuery, data=WorkflowList),
    )
    async def listed(request: Asking) -> Response[bytes]:
        wanted = typed_query(request, WorkflowsQuery)
        found = _published(wanted, flows)
        shown = tuple(shown_workflow(each) for each in wanted.page.of(found))
        return answer_success(request, WorkflowList(shown, len(found) > wanted.page.page_num * wanted.page_size))

    @get(
        "/v1/workflows/{workflow_id:str}",
        guards=[rest.bots_or_text],
        opt=described("One workflow", "Workflows", data=WorkflowInfo),
    )
    async def retrieve(request: Asking, workflow_id: FromPath[str]) -> Response[bytes]:
        shown = shown_workflow(known(workflow_id))
        return answer_success(request, WorkflowInfo(shown, Role(shown.workflow_name)))

    @get(
        "/v1/workflows/{workflow_id:str}/versions",
        guards=[rest.bots_or_text],
        opt=described("The versions of a workflow: none", "Workflows", data=WorkflowVersions),
    )
    async def versions(request: Asking, workflow_id: FromPath[str]) -> Response[bytes]:
        known(workflow_id)
        return answer_success(request, WorkflowVersions())

    return [listed, retrieve, versions]


def _app_routes(flows: Mapping[str, Agent], rest: RestAuthenticator) -> list[HTTPRouteHandler]:
    @get(
        "/v1/apps",
        guards=[rest.bots_or_text],
        opt=described("The apps: one for each workflow", "Workflows", query=WorkflowsQuery, data=AppList),
    )
    async def listed(request: Asking) -> Response[bytes]:
        wanted = typed_query(request, WorkflowsQuery)
        found = _published(wanted, flows)
        return answer_success(request, AppList(tuple(_app(each) for each in wanted.page.of(found)), len(found)))

    @get("/v1/apps/{app_id:str}", guards=[rest.bots_or_text], opt=described("One app", "Workflows", data=ShownApp))
    async def retrieve(request: Asking, app_id: FromPath[str]) -> Response[bytes]:
        if app_id not in flows:
            raise UnknownId("app", app_id, "(each workflow is an app with its own id)")
        return answer_success(request, _app(app_id))

    return [listed, retrieve]


def _published(wanted: WorkflowsQuery, flows: Mapping[str, Agent]) -> tuple[str, ...]:
    """The flows that a list holds, each by its first id and not by its aliases. Raises InvalidField for another
    workspace."""
    check_workspace("workspace_id", wanted.workspace_id)
    if wanted.publish_status == "unpublished_draft":
        return ()
    first_ids: dict[int, str] = {}
    for flow_id, flow in flows.items():
        first_ids.setdefault(id(flow), flow_id)
    return tuple(first_ids.values())


def _app(flow_id: str) -> ShownApp:
    return ShownApp(flow_id, flow_id, _STARTED, _STARTED)
