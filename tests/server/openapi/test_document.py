"""The OpenAPI document of a server with everything, and the page that shows it."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from kouyu.server.openapi.document import UNDESCRIBED
from tests.end_to_end.running_server import RunningServer
from tests.test_conformance import REST, tables

pytestmark = pytest.mark.models

METHODS = ("get", "post", "put", "delete", "patch", "head")


@pytest.fixture
def document(scripted_server: RunningServer) -> dict[str, Any]:
    answer = httpx.get(f"{scripted_server.http}/docs/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By method and path, as the rows of the conformance page are."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_says_what_it_is_for(document: dict[str, Any]) -> None:
    silent = [name for name, each in operations(document).items() if each["summary"] == UNDESCRIBED]
    assert silent == []


def test_every_endpoint_of_the_protocol_has_a_row_of_the_conformance_page_and_no_row_lacks_one(
    document: dict[str, Any],
) -> None:
    own = (["Server"], ["kouyu"], ["OpenAI"])
    of_the_protocol = {name for name, each in operations(document).items() if each["tags"] not in own}
    assert of_the_protocol == {name for name, *_ in tables()[REST]}


def test_all_that_is_referred_to_is_there_and_names_are_unique(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            inner = set().union(*map(references, value.values())) if value else set()
            return inner | ({value["$ref"]} if "$ref" in value else set())
        return set().union(*map(references, value)) if isinstance(value, list) and value else set()

    for reference in references(document):
        kind, name = re.fullmatch(r"#/components/(\w+)/([\w.-]+)", reference).groups()  # type: ignore[union-attr]
        assert name in document["components"][kind]
    ids = [each["operationId"] for each in operations(document).values()]
    assert len(ids) == len(set(ids))


def test_requests_are_shown_as_they_are_checked(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["ModelInfoConfig"]["properties"]
    assert {"minimum": 0, "maximum": 2}.items() <= body["temperature"]["anyOf"][0].items()
    parameters = {each["name"]: each for each in operations(document)["GET /v1/conversations"]["parameters"]}
    assert parameters["bot_id"]["required"]
    assert not parameters["page_num"]["required"]


def test_the_sockets_are_named_too(document: dict[str, Any]) -> None:
    assert "/v1/chat" in document["x-websockets"]


class Page(HTMLParser):
    """What a browser would fetch, and the operations it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [given[name] or "" for name in ("src",) if name in given]
        self.fetched += [given["href"] or ""] if tag == "link" else []
        if tag == "details":
            self.shown.append(given["id"] or "")


def test_the_page_shows_every_operation_and_fetches_nothing(
    scripted_server: RunningServer, document: dict[str, Any]
) -> None:
    answer = httpx.get(f"{scripted_server.http}/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = Page()
    page.feed(answer.text)
    assert sorted(page.shown) == sorted(each["operationId"] for each in operations(document).values())
    assert page.fetched == []
    assert "@import" not in answer.text
    for field in ("onboarding_info.suggested_questions", "items[].is_published", "connector_uid"):
        assert field in answer.text
