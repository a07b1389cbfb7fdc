from collections.abc import AsyncIterator

import pytest

from kouyu.agents.endpoint import ModelEndpoint
from tests.standins.openai_server import OpenAIStandIn, openai_stand_in


@pytest.fixture
async def model() -> AsyncIterator[OpenAIStandIn]:
    """An OpenAI-compatible server that says what it is told to."""
    async with openai_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def endpoint(model: OpenAIStandIn) -> ModelEndpoint:
    """Where the stand-in is."""
    return ModelEndpoint(base_url=model.base_url, model="stand-in", api_key="sk-secret", first_token_timeout_s=5)
