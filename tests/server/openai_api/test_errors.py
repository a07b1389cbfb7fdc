"""Errors below ``/openai/v1`` are OpenAI's; those of all other paths stay as they are."""

import httpx
import openai
import pytest
from litestar.exceptions import HTTPException

from kouyu.domain import errors
from kouyu.domain.errors import InvalidField, ProtocolError, TryLater
from kouyu.server.openai_api.errors import OpenAIError, body_of, error_of, not_supported, status_of
from tests.end_to_end.running_server import RunningServer
from tests.server.openai_api.conftest import client_of


@pytest.mark.parametrize(
    ("error", "status", "kind", "param", "code"),
    [
        (InvalidField("speed", 9, "0.25 to 4"), 400, "invalid_request_error", "speed", "invalid_value"),
        (ProtocolError(errors.BAD_REQUEST, "input: is missing"), 400, "invalid_request_error", "input", None),
        (ProtocolError(errors.BAD_REQUEST, "the body must be a JSON object"), 400, "invalid_request_error", None, None),
        (ProtocolError(errors.UNAUTHORIZED, "no"), 401, "invalid_request_error", None, "invalid_api_key"),
        (ProtocolError(errors.FORBIDDEN, "no"), 403, "invalid_request_error", None, "insufficient_permissions"),
        (ProtocolError(errors.FILE_TOO_LARGE, "no"), 413, "invalid_request_error", None, "request_too_large"),
        (TryLater(errors.RATE_LIMITED, "no", 5), 429, "rate_limit_error", None, "rate_limit_exceeded"),
        (ProtocolError(errors.TOO_MANY_SESSIONS, "full"), 503, "server_error", None, "server_overloaded"),
        (ProtocolError(errors.INTERNAL, "no"), 500, "server_error", None, None),
        (ProtocolError(errors.NOT_IMPLEMENTED, "no"), 400, "invalid_request_error", None, None),
        (not_supported("n", "no"), 400, "invalid_request_error", "n", "unsupported_value"),
        (
            OpenAIError(errors.NOT_FOUND, "no", param="model", name="model_not_found"),
            404,
            "invalid_request_error",
            "model",
            "model_not_found",
        ),
    ],
)
def test_an_error_has_openais_status_type_field_and_code(
    error: ProtocolError, status: int, kind: str, param: str | None, code: str | None
) -> None:
    assert status_of(error) == status
    told = body_of(status, error).error
    assert (told.type, told.param, told.code, told.message) == (kind, param, code, error.msg)


def test_what_is_no_protocol_error_is_told_by_its_status() -> None:
    assert error_of(404, "no", code="unknown_url").error.code == "unknown_url"
    assert error_of(502, "no").error.type == "server_error"
    assert HTTPException(status_code=404).status_code == 404


@pytest.mark.models
def test_the_openai_package_raises_what_it_raises_of_openai(scripted_server: RunningServer) -> None:
    with client_of(scripted_server, "kouyu_wrong") as stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"
    assert refused.value.request_id
    with client_of(scripted_server) as client, pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("nobody")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert "scripted" in missing.value.message


@pytest.mark.models
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/openai/v1/engines", 404, "unknown_url"),
        ("POST", "/openai/v1/embeddings", 404, "unknown_url"),
        ("GET", "/openai/v1/audio/speech", 405, "method_not_supported"),
        ("POST", "/openai/v1/audio/speech", 401, "invalid_api_key"),
    ],
)
def test_unknown_paths_and_missing_tokens_are_told_in_openais_shape(
    scripted_server: RunningServer, method: str, path: str, status: int, code: str
) -> None:
    answer = httpx.request(method, f"{scripted_server.http}{path}")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.json().keys() == {"error"}
    assert answer.headers["x-request-id"] == answer.headers["x-tt-logid"]


@pytest.mark.models
def test_a_body_that_is_too_large_is_told_in_openais_shape(scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    url = f"{scripted_server.http}/openai/v1/audio"
    answer = httpx.post(f"{url}/transcriptions", headers=headers, files={"file": bytes(26 * 1024 * 1024)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    answer = httpx.post(f"{url}/speech", headers=headers, content=b"{")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.models
def test_other_paths_keep_the_protocols_own_shape(scripted_server: RunningServer) -> None:
    assert httpx.get(f"{scripted_server.http}/v1/engines").json()["code"] == errors.NOT_FOUND
    assert httpx.get(f"{scripted_server.http}/openai/v2/models").json()["code"] == errors.NOT_FOUND
