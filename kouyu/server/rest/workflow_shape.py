"""Workflows and their runs in requests and answers. The flows of kouyu.toml are the workflows."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from kouyu.domain.chats import Usage
from kouyu.server.rest.chat_requests import Parameters
from kouyu.server.rest.ids import Id, OptionalId
from kouyu.server.rest.paging import Page, PageNumber, PageSize
from kouyu.text.untrusted_json import decode_untrusted
from kouyu.text_chats.workflow_runs import Status, WorkflowRun

NODE: Final = "End"
"""The only node of a flow as a workflow: what it answers."""
CONNECTOR_ID: Final = "1024"
"""The channel "API", which is the only one."""


class RunWorkflow(Struct, frozen=True, kw_only=True):
    """What a workflow is run with. ``app_id`` and ``workflow_version`` are ignored."""

    workflow_id: Id
    parameters: Parameters = {}
    bot_id: Annotated[OptionalId, Meta(description="The bot whose variables of the user the flow gets.")] = ""
    is_async: Annotated[bool, Meta(description="Answer at once with an execute_id.")] = False
    ext: Annotated[dict[str, str], Meta(description="user_id, latitude, longitude.")] = {}


class ResumeWorkflow(Struct, frozen=True, kw_only=True):
    """Continues a run that was interrupted to ask the user."""

    workflow_id: Id
    event_id: OptionalId = ""
    resume_data: Annotated[str, Meta(max_length=65_536)] = ""
    interrupt_type: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class WorkflowsQuery(Struct, frozen=True, kw_only=True):
    """A page of workflows or apps. All are published, and are workflows and chat flows at once."""

    page_num: PageNumber | None = None
    page_index: Annotated[PageNumber, Meta(description="The same as page_num, for apps.")] | None = None
    page_size: PageSize = 20
    workspace_id: OptionalId = ""
    publish_status: Literal["all", "published_online", "published_draft", "unpublished_draft"] = "published_online"

    @property
    def page(self) -> Page:
        """Which page."""
        return Page(page_num=self.page_num or self.page_index or 1, page_size=self.page_size)


class ShownWorkflow(Struct, frozen=True):
    """A workflow: its name is its id."""

    workflow_id: str
    workflow_name: str
    app_id: str
    description: str = ""
    icon_url: str = ""


class WorkflowList(Struct, frozen=True):
    """A page of workflows."""

    items: tuple[ShownWorkflow, ...]
    has_more: bool


class Role(Struct, frozen=True):
    """Under which name the web page of an SDK shows it."""

    name: str


class WorkflowInfo(Struct, frozen=True):
    """One workflow."""

    workflow_detail: ShownWorkflow
    role: Role


class WorkflowVersions(Struct, frozen=True):
    """A flow has no versions."""

    items: tuple[str, ...] = ()
    has_more: bool = False
    next_page_token: str = ""


class ShownApp(Struct, frozen=True):
    """An app: a flow, under its id."""

    id: str
    name: str
    updated_at: int
    published_at: int
    description: str = ""
    icon_url: str = ""
    is_published: bool = True
    owner_user_id: str = ""


class AppList(Struct, frozen=True):
    """A page of apps."""

    items: tuple[ShownApp, ...]
    total: int


class RunResult(Struct, frozen=True):
    """Beside ``data``, which is the run's output, as a JSON object in a text; "" of an asynchronous run."""

    execute_id: str
    debug_url: str
    usage: Usage
    token: int
    cost: str = "0"


class NodeStatus(Struct, frozen=True):
    """Whether the node has answered."""

    node_id: str
    is_finish: bool
    update_time: int
    node_execute_uuid: str


class RunHistory(Struct, frozen=True, kw_only=True):
    """A run, and what came of it. Times are Unix seconds."""

    execute_id: str
    execute_status: Status
    bot_id: str
    connector_id: str
    connector_uid: str
    run_mode: int
    logid: str
    create_time: int
    update_time: int
    output: str
    error_code: Annotated[str, Meta(description='A number in a text; "" for none.')]
    error_message: str
    debug_url: str
    node_execute_status: dict[str, NodeStatus]
    usage: Usage
    is_output_trimmed: bool = False


class NodeHistory(Struct, frozen=True):
    """What the node has answered."""

    is_finish: bool
    node_output: str


def output_of(run: WorkflowRun) -> str:
    """A run's output as the service gives it: a JSON object in a text. One that a flow answered with stays as it is;
    any other text is its ``output``."""
    text = run.output
    try:
        is_object = isinstance(decode_untrusted(text), dict)
    except msgspec.DecodeError:
        is_object = False
    return text if is_object else msgspec.json.encode({"output": text}).decode()


def shown_run(run: WorkflowRun) -> RunHistory:
    """A run as the SDKs read it."""
    is_finished = run.status != "Running"
    failed = run.status == "Fail"
    return RunHistory(
        execute_id=run.id,
        execute_status=run.status,
        bot_id=run.asked.bot_id or "0",
        connector_id=CONNECTOR_ID,
        connector_uid=run.asked.user_id or run.asked.caller.token_id,
        run_mode=run.asked.mode,
        logid=run.asked.log_id,
        create_time=run.began_at,
        update_time=run.updated_at,
        output=output_of(run) if run.status == "Success" else "",
        error_code="5000" if failed else "",
        error_message=run.fault,
        debug_url="",
        node_execute_status={NODE: NodeStatus(NODE, is_finished, run.updated_at, run.id)},
        usage=run.usage,
    )


def shown_workflow(workflow_id: str) -> ShownWorkflow:
    """A flow as a workflow of its own app."""
    return ShownWorkflow(workflow_id, workflow_id, workflow_id)
