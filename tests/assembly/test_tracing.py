"""Traces as the settings have them."""

import sys
from typing import Any

import pytest

from kouyu.assembly.tracing import open_tracing
from kouyu.settings.errors import SettingsError
from kouyu.settings.telemetry import TracingSettings

NO_AGENTS: Any = None


async def test_without_an_endpoint_nothing_is_traced() -> None:
    async with open_tracing(TracingSettings(), NO_AGENTS) as turn_ended:
        assert turn_ended is None


async def test_without_opentelemetry_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kouyu.tracing.exporting", None)
    with pytest.raises(SettingsError, match=r"kouyu\[otel\]"):
        async with open_tracing(TracingSettings(endpoint="http://127.0.0.1:4318"), NO_AGENTS):
            pass


def test_an_endpoint_is_a_web_address() -> None:
    with pytest.raises(ValueError, match="endpoint"):
        TracingSettings(endpoint="127.0.0.1:4318")
