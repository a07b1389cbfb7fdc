"""Faults of all layers as the detail object of an ``error`` event."""

import msgspec
import pytest

from kouyu.domain import errors
from kouyu.domain import events as core
from kouyu.protocol.openai.faults import detail_of
from tests.protocol.openai.session import Session


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (errors.ProtocolError(errors.UNAUTHORIZED, "no key"), "invalid_request_error", "invalid_api_key"),
        (errors.ProtocolError(errors.FORBIDDEN, "not here"), "invalid_request_error", "insufficient_permissions"),
        (errors.TryLater(errors.RATE_LIMITED, "too often", 5), "invalid_request_error", "rate_limit_exceeded"),
        (errors.ProtocolError(errors.BAD_REQUEST, "not so"), "invalid_request_error", "invalid_value"),
        (errors.ProtocolError(errors.INTERNAL, "the disk is full"), "server_error", "server_error"),
    ],
)
def test_a_code_of_the_service_has_a_name_here(fault: errors.ProtocolError, kind: str, code: str) -> None:
    detail = detail_of(fault, "e1")
    assert (detail.type, detail.code, detail.message, detail.event_id) == (kind, code, fault.msg, "e1")
    assert detail.param is msgspec.UNSET


def test_a_fault_of_the_server_is_not_blamed_on_the_request() -> None:
    (sent,) = Session().tell(core.RequestRefused(errors.INTERNAL, "the disk is full", origin="e4"))
    assert sent["error"] == {
        "type": "server_error",
        "code": "server_error",
        "message": "the disk is full",
        "event_id": "e4",
    }
