"""The handler of docs/guides/add-a-rest-route.md answers as the guide says."""

import importlib
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from kouyu.domain.errors import ProtocolError
from kouyu.server.access.access_middleware import AccessMiddleware
from kouyu.server.rest.answers import answer_protocol_error
from tests.guides.blocks import files_of


def test_the_route_of_the_guide_answers_and_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = files_of("add-a-rest-route.md")["kouyu/server/rest/greeting.py"]
    (tmp_path / "greeting_of_the_guide.py").write_text(handler, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    routes = importlib.import_module("greeting_of_the_guide").greeting_routes(lambda connection, handler: None)
    app = Litestar(
        route_handlers=routes,
        openapi_config=None,
        logging_config=None,
        exception_handlers={ProtocolError: answer_protocol_error},
    )
    with TestClient(AccessMiddleware(app)) as client:
        assert client.get("/v1/greeting", params={"name": "Ada"}).json()["data"] == {"text": "Hello, Ada."}
        refused = client.get("/v1/greeting", params={"name": "A" * 41}).json()
    assert refused["code"] == 4000
    assert "name" in refused["msg"]
